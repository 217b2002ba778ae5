//! From where users may sign in and use their sessions (Zato's contract, section 6.5).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

pub use domain::network::{Network, NotANetwork};
use domain::text::Username;
use domain::user::User;

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

impl AddressRules {
    /// Whether the rules can refuse anybody at all.
    pub fn refuse_some(&self) -> bool {
        self.reject_if_not_listed || !self.listed.is_empty()
    }

    /// Whether a user may act from `addresses`; nobody is one of whom nothing is said.
    pub fn allow_user(&self, user: Option<&User>, addresses: Option<&str>) -> bool {
        let name = user.and_then(|user| user.username.as_ref());
        self.allow(name.map(Username::as_str), addresses)
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
    fn what_is_no_network_is_not_taken() {
        for bad in
            ["10.0.0.1/33", "2001:db8::/129", "10.0.0", "10.0.0.0/", "/8", "10.0.0.0/-1", "a"]
        {
            assert_eq!(bad.parse::<Network>(), Err(NotANetwork), "{bad}");
            assert_eq!(format!("10.0.0.1,{bad}").parse::<Whence>(), Err(NotANetwork), "{bad}");
        }
    }
}
