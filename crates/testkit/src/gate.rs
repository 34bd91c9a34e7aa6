//! A door before a server: a test shuts it, holds what comes, or keeps the answers back, and opens it again.
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Open,
    /// Connections are closed, those that stand as well as new ones.
    Shut,
    /// What clients send does not arrive; nothing is closed.
    HoldsRequests,
    /// What clients send arrives, and they hear nothing of it.
    HoldsAnswers,
}

/// A loopback address that leads to a server while its door is open.
pub struct Gate {
    pub addr: SocketAddr,
    door: watch::Sender<Door>,
    held: Arc<AtomicUsize>,
}

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl Gate {
    /// `server`: its `host:port`. It need not be up yet.
    pub async fn before(server: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound listener has an address");
        let (door, held) = (watch::Sender::new(Door::Open), Arc::new(AtomicUsize::new(0)));
        let (server, watched, count) = (server.to_owned(), door.clone(), held.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() != Door::Shut {
                    tokio::spawn(pass(client, server.clone(), watched.subscribe(), count.clone()));
                }
            }
        });
        Self { addr, door, held }
    }

    pub fn set(&self, door: Door) {
        self.door.send_replace(door);
    }

    /// How many pieces of requests or answers were held so far.
    pub fn held(&self) -> usize {
        self.held.load(SeqCst)
    }
}

async fn pass(client: TcpStream, server: String, door: watch::Receiver<Door>, held: Arc<AtomicUsize>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut shut = door.clone();
    tokio::select! {
        () = carry(from_client, to_server, Way::There, door.clone(), held.clone()) => {}
        () = carry(from_server, to_client, Way::Back, door, held) => {}
        _ = shut.wait_for(|door| *door == Door::Shut) => {}
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    way: Way,
    mut door: watch::Receiver<Door>,
    held: Arc<AtomicUsize>,
) {
    let holds = move |door: &Door| match way {
        Way::There => *door == Door::HoldsRequests,
        Way::Back => *door == Door::HoldsAnswers,
    };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        if holds(&door.borrow()) {
            held.fetch_add(1, SeqCst);
            if door.wait_for(|door| !holds(door)).await.is_err() {
                return;
            }
        }
        let Some(piece) = buffer.get(..read) else { return };
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = socket.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        addr
    }

    async fn heard(socket: &mut TcpStream) -> Option<u8> {
        timeout(Duration::from_secs(10), socket.read_u8()).await.expect("an answer or an end").ok()
    }

    #[tokio::test]
    async fn what_is_held_arrives_when_the_door_opens_and_nothing_passes_a_shut_one() {
        let gate = Gate::before(&echo().await).await;
        let mut socket = TcpStream::connect(gate.addr).await.unwrap();
        for (n, door) in [(1, Door::HoldsRequests), (2, Door::HoldsAnswers)] {
            gate.set(door);
            socket.write_u8(n).await.unwrap();
            while gate.held() < usize::from(n) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            gate.set(Door::Open);
            assert_eq!(heard(&mut socket).await, Some(n));
        }
        gate.set(Door::Shut);
        assert_eq!(heard(&mut socket).await, None);
        let mut refused = TcpStream::connect(gate.addr).await.unwrap();
        assert_eq!(heard(&mut refused).await, None);
    }
}
