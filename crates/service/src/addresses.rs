//! From where users may sign in and use their sessions (Zato's contract, section 6.5).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Which users may act from where; the default lets everybody act from anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// What is said of users, by their names in exactly their spelling.
    pub listed: BTreeMap<String, Whence>,
    /// Whether users of whom nothing is said may not act at all.
    pub reject_if_not_listed: bool,
}

/// From where one user may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whence {
    /// From anywhere, known or not.
    Anywhere,
    /// From these networks; if there is none, from nowhere.
    Networks(Vec<Network>),
}

/// An address, or all that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// A text that names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network")]
pub struct NotANetwork;

impl AddressRules {
    /// Whether the rules can refuse anybody at all.
    pub fn refuse_some(&self) -> bool {
        self.reject_if_not_listed || !self.listed.is_empty()
    }

    /// Whether a user of this name may act from `addresses`, one or several joined by commas. Each of
    /// them has to be allowed; an address that is unknown or no address is not.
    pub fn allow(&self, username: Option<&str>, addresses: Option<&str>) -> bool {
        match username.and_then(|name| self.listed.get(name)) {
            None => !self.reject_if_not_listed,
            Some(Whence::Anywhere) => true,
            Some(Whence::Networks(networks)) => addresses.is_some_and(|addresses| {
                addresses.split(',').all(|address| {
                    let address = address.trim().parse::<IpAddr>();
                    address.is_ok_and(|address| networks.iter().any(|of| of.contains(address)))
                })
            }),
        }
    }
}

impl FromStr for Whence {
    type Err = NotANetwork;

    /// `*`, nothing, or addresses and networks joined by commas.
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        match text.trim() {
            "*" => Ok(Self::Anywhere),
            "" => Ok(Self::Networks(Vec::new())),
            text => text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self::Networks),
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    /// `10.0.0.1`, `172.16.0.0/12`, `2001:db8::/32`.
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => bits_max,
            Some(prefix) => prefix.parse().map_err(|_| NotANetwork)?,
        };
        if prefix_bits > bits_max {
            return Err(NotANetwork);
        }
        Ok(Self { address, prefix_bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

impl Network {
    /// Whether the address lies in it; an IPv4 address written as IPv6 is the IPv4 address.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let bits = if self.address.is_ipv4() {
                    self.prefix_bits
                } else {
                    self.prefix_bits.saturating_sub(96)
                };
                let differing = u32::from(own) ^ u32::from(other);
                differing.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.checked_shr(128 - u32::from(self.prefix_bits)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(entries: &[(&str, &str)]) -> AddressRules {
        let entry = |(name, text): &(&str, &str)| ((*name).to_owned(), text.parse().unwrap());
        AddressRules { listed: entries.iter().map(entry).collect(), reject_if_not_listed: false }
    }

    #[test]
    fn whoever_is_not_listed_may_act_from_anywhere_unless_that_is_refused() {
        let mut rules = rules(&[("ada", "10.0.0.1")]);
        for name in [None, Some("grace"), Some("Ada")] {
            assert!(rules.allow(name, Some("192.0.2.1")) && rules.allow(name, None));
        }
        rules.reject_if_not_listed = true;
        assert!(!rules.allow(Some("grace"), Some("10.0.0.1")));
        assert!(!rules.allow(None, None));
        assert!(rules.allow(Some("ada"), Some("10.0.0.1")));
    }

    #[test]
    fn a_star_is_anywhere_and_nothing_is_nowhere() {
        let rules = rules(&[("ada", "*"), ("grace", " ")]);
        assert!(rules.allow(Some("ada"), Some("192.0.2.1")) && rules.allow(Some("ada"), None));
        assert!(
            !rules.allow(Some("grace"), Some("192.0.2.1")) && !rules.allow(Some("grace"), None)
        );
    }

    #[test]
    fn every_address_has_to_be_in_a_listed_network() {
        let rules = rules(&[("ada", "10.0.0.1, 172.16.0.0/12,2001:db8::/32")]);
        for good in [
            "10.0.0.1",
            " 172.31.255.255 ",
            "10.0.0.1,172.16.0.0",
            "2001:db8:1::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(rules.allow(Some("ada"), Some(good)), "{good}");
        }
        for bad in
            ["10.0.0.2", "172.32.0.0", "10.0.0.1,10.0.0.2", "10.0.0.1,", "", "x", "2001:db9::1"]
        {
            assert!(!rules.allow(Some("ada"), Some(bad)), "{bad}");
        }
        assert!(!rules.allow(Some("ada"), None));
    }

    #[test]
    fn a_network_of_no_bits_is_every_address_of_its_kind() {
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("203.0.113.9".parse().unwrap()));
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
        let all: Network = "::/0".parse().unwrap();
        assert!(all.contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_not_taken() {
        for bad in
            ["10.0.0.1/33", "2001:db8::/129", "10.0.0", "10.0.0.0/", "/8", "10.0.0.0/-1", "a"]
        {
            assert_eq!(bad.parse::<Network>(), Err(NotANetwork), "{bad}");
            assert_eq!(format!("10.0.0.1,{bad}").parse::<Whence>(), Err(NotANetwork), "{bad}");
        }
    }
}
