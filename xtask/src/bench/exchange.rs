//! One request and its answer over a kept-alive connection, as bytes.
//!
//! Not a general HTTP client: the load generator shares two cores with what it measures, so it neither builds requests
//! nor parses headers that it does not need. It reads a status and a `Content-Length`, and refuses what has none.
use anyhow::{Context, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The part of an answer that is in the connection's buffer until the next request.
pub struct Answer<'a> {
    pub status: u16,
    head: &'a [u8],
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// A header by its name in lower case, as servers on hyper write it.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.head).ok()?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a whole request and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is not one that this client reads.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.more().await?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let status = self.buffer.get(9..12).and_then(number).context("an answer without a status")?;
        let length = match status {
            204 | 304 => 0,
            _ => content_length(self.buffer.get(..head).unwrap_or_default())?,
        };
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        let (head, body) = self.buffer.split_at_checked(head).context("a head longer than the answer")?;
        Ok(Answer { status: u16::try_from(status)?, head, body })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let at = head.windows(NAME.len()).position(|part| part == NAME).context("an answer without Content-Length")?;
    head.get(at + NAME.len()..)
        .and_then(|rest| rest.split(|byte| *byte == b'\r').next())
        .and_then(number)
        .context("a Content-Length that is no number")
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A GET as it goes over the line.
pub fn get(path: &str, headers: &[(&str, &str)]) -> String {
    bare("GET", path, headers)
}

/// A POST without a body.
pub fn post(path: &str, headers: &[(&str, &str)]) -> String {
    bare("POST", path, &[&[("content-length", "0")], headers].concat())
}

/// A POST of JSON.
pub fn post_json(path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let length = body.len().to_string();
    let own = [("content-length", length.as_str()), ("content-type", "application/json")];
    let mut request = bare("POST", path, &[&own, headers].concat());
    request.push_str(body);
    request
}

/// A DELETE without a body.
pub fn delete(path: &str, headers: &[(&str, &str)]) -> String {
    bare("DELETE", path, headers)
}

fn bare(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn an_answer_in_pieces_is_read_whole_and_a_304_has_no_body() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            for piece in ["HTTP/1.1 200 OK\r\ncontent-le", "ngth: 5\r\netag: W/\"a\"\r\n\r\nhe", "llo"] {
                stream.write_all(piece.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 304 Not Modified\r\netag: W/\"a\"\r\n\r\n").await.unwrap();
        });
        let mut connection = Connection::open(address).await.unwrap();
        let answer = connection.exchange(get("/", &[]).as_bytes()).await.unwrap();
        assert_eq!((answer.status, answer.body, answer.header("etag")), (200, &b"hello"[..], Some("W/\"a\"")));
        let answer = connection.exchange(get("/", &[]).as_bytes()).await.unwrap();
        assert_eq!((answer.status, answer.body), (304, &b""[..]));
        server.await.unwrap();
    }

    #[test]
    fn a_post_of_json_tells_the_bytes_of_its_body() {
        let request = post_json("/a", &[("x-gym-id", "7")], "{\"é\":1}");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /a HTTP/1.1\r\n") && head.contains("\r\nx-gym-id: 7"), "{head}");
        assert_eq!(body, "{\"é\":1}");
        assert_eq!(content_length(format!("{head}\r\n\r\n").as_bytes()).unwrap(), body.len());
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(content_length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n").unwrap(), 12);
    }
}
