//! Where an S3-compatible store is and how to speak to it.
use crate::RetryPolicy;

/// Carries secrets, so it has no `Debug`.
#[derive(Clone)]
pub struct S3Options {
    /// Without the bucket: buckets are named in the path.
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
    pub session_token: Option<String>,
    /// Objects are read at `{public_base_url}/{bucket}/{path}` (MED-16).
    pub public_base_url: String,
    /// The only buckets that are written to, deleted from or recognised in addresses (MED-26). They exist already.
    pub buckets: Vec<String>,
    pub retry: RetryPolicy,
}

/// The two ways in which Supabase's S3 endpoint lets a server in.
#[derive(Clone)]
pub enum SupabaseAccess {
    /// S3 access keys made for the project.
    Keys { access_key: String, secret_key: String },
    /// The project's own keys: requests are signed with the anonymous key and act as the service role.
    ServiceRole { anon_key: String, service_role_key: String },
}

impl S3Options {
    /// A Supabase project: its S3 endpoint for writing, its public addresses for reading. `url` is `SUPABASE_URL`,
    /// `region` the project's region.
    pub fn supabase(url: &str, region: &str, access: SupabaseAccess, buckets: Vec<String>) -> Self {
        let url = url.trim_end_matches('/');
        let (access_key, secret_key, session_token) = match access {
            SupabaseAccess::Keys { access_key, secret_key } => (access_key, secret_key, None),
            // the access key is then the project's reference, the first label of its host name
            SupabaseAccess::ServiceRole { anon_key, service_role_key } => {
                let host = url.split_once("://").map_or(url, |(_, host)| host);
                let reference = host.split(['.', ':', '/']).next().unwrap_or_default();
                (reference.to_owned(), anon_key, Some(service_role_key))
            }
        };
        Self {
            endpoint: format!("{url}/storage/v1/s3"),
            region: region.to_owned(),
            access_key,
            secret_key,
            session_token,
            public_base_url: format!("{url}/storage/v1/object/public"),
            buckets,
            retry: RetryPolicy::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn med_16_a_supabase_project_has_the_endpoint_and_the_addresses_of_its_url() {
        let access = SupabaseAccess::ServiceRole { anon_key: "anon".into(), service_role_key: "service".into() };
        let options = S3Options::supabase("https://abcd.supabase.co/", "eu-west-1", access, vec!["gym_logo".into()]);
        assert_eq!(options.endpoint, "https://abcd.supabase.co/storage/v1/s3");
        assert_eq!(options.public_base_url, "https://abcd.supabase.co/storage/v1/object/public");
        assert_eq!(options.access_key, "abcd");
        assert_eq!(options.secret_key, "anon");
        assert_eq!(options.session_token.as_deref(), Some("service"));
    }
}
