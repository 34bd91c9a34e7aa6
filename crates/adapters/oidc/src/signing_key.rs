//! The development issuer's RSA key and the file that it lives in.
use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key file {path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the key file {path} is open to others than its owner: chmod 600")]
    Permissions { path: PathBuf },
    #[error("the key file {path} holds no RSA private key of 2048 bits or more, in PEM or DER")]
    NoKey { path: PathBuf },
    #[error("no RSA key could be made")]
    Generation,
}

pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    random: SystemRandom,
    pub(crate) modulus: String,
    pub(crate) exponent: String,
    /// The key's RFC 7638 thumbprint: the same key has the same id after every start.
    pub(crate) kid: String,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, KeyFileError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyFileError::Generation)?;
        Self::new(pair).ok_or(KeyFileError::Generation)
    }

    /// The key in the file; a new one, kept there from now on, when there is no file. Of several processes that start
    /// together one writes its key and all use it.
    pub(crate) fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        match fs::read(path) {
            Ok(content) => Self::read(path, &content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate()?;
                match key.create_file(path) {
                    Ok(()) => Ok(key),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Self::read(path, &fs::read(path).map_err(|source| at(path, source))?)
                    }
                    Err(source) => Err(at(path, source)),
                }
            }
            Err(source) => Err(at(path, source)),
        }
    }

    fn read(path: &Path, content: &[u8]) -> Result<Self, KeyFileError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path).map_err(|source| at(path, source))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(KeyFileError::Permissions { path: path.to_owned() });
            }
        }
        let der = PrivateKeyDer::from_pem_slice(content)
            .unwrap_or_else(|_| PrivatePkcs8KeyDer::from(content.to_vec()).into());
        let bytes = der.secret_der();
        let pair = RsaKeyPair::from_pkcs8(bytes).or_else(|_| RsaKeyPair::from_der(bytes));
        pair.ok().and_then(Self::new).ok_or_else(|| KeyFileError::NoKey { path: path.to_owned() })
    }

    /// `None` when the pair cannot sign.
    fn new(pair: RsaKeyPair) -> Option<Self> {
        let components = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let (modulus, exponent) = (URL_SAFE_NO_PAD.encode(components.n), URL_SAFE_NO_PAD.encode(components.e));
        let thumbprint = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, thumbprint.as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(digest);
        let key = Self { pair, random: SystemRandom::new(), modulus, exponent, kid };
        key.try_sign(b"").map(|_| key)
    }

    /// Written elsewhere first and then given its name, so that no one ever reads half a key; fails with
    /// `AlreadyExists` rather than replace one.
    fn create_file(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // 0600 from its first moment.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.pem()?.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|e| e.error)?;
        Ok(())
    }

    fn pem(&self) -> io::Result<String> {
        let der = self.pair.as_der().map_err(|_| io::Error::other("the key cannot be encoded"))?;
        let encoded = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.try_sign(message).expect("the key signed when it was loaded, and the message plays no part in that")
    }

    fn try_sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).ok()?;
        Some(signature)
    }
}

fn at(path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::File { path: path.to_owned(), source }
}
