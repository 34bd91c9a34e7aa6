use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Whether `X-Forwarded-For` is believed, and whose hops in it are our own proxies' (IDN-105).
#[derive(Clone, Debug, Default)]
pub struct ProxyTrust {
    pub headers: bool,
    pub proxies: Vec<IpAddr>,
}

impl ProxyTrust {
    /// The socket's peer; behind a trusted proxy the rightmost hop that is not a proxy of ours. What stands further
    /// left came from the client and may be forged.
    pub(crate) fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if !self.headers {
            return peer;
        }
        let hops = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
        let hops: Vec<Option<IpAddr>> = hops.map(|hop| hop.trim().parse().ok()).collect();
        let untrusted = hops.into_iter().rev().find(|hop| !hop.is_some_and(|ip| self.proxies.contains(&ip)));
        untrusted.flatten().unwrap_or(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trust: bool, proxies: &[&str], forwarded: &[&str]) -> String {
        let trust = ProxyTrust { headers: trust, proxies: proxies.iter().map(|p| p.parse().unwrap()).collect() };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 9], 1234))));
        trust.client(&headers, &extensions).to_string()
    }

    #[test]
    fn idn_105_the_rightmost_untrusted_hop_is_the_client() {
        assert_eq!(client(false, &[], &["1.1.1.1"]), "10.0.0.9");
        assert_eq!(client(true, &[], &[]), "10.0.0.9");
        assert_eq!(client(true, &[], &["6.6.6.6, 1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(true, &["10.0.0.1"], &["6.6.6.6, 1.1.1.1, 10.0.0.1"]), "1.1.1.1");
        assert_eq!(client(true, &[], &["6.6.6.6", "1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(true, &[], &["1.1.1.1, rubbish"]), "10.0.0.9");
    }
}
