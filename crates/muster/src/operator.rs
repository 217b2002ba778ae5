//! Who sits at the command line, as facts keep it.

use rustix::process::getuid;
use rustix::system::uname;

/// The login name of whoever runs this process, at the name of the machine.
///
/// The name is the system's for the process, not one that the environment claims, as long as the
/// machine itself knows its users; where a directory does, the environment is all there is.
pub fn name() -> String {
    let id = getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = named(&users, id)
        .or_else(|| std::env::var("USER").ok())
        .or_else(|| std::env::var("LOGNAME").ok())
        .unwrap_or_else(|| format!("uid-{id}"));
    let host = uname().nodename().to_string_lossy().into_owned();
    // It travels in a header.
    format!("{name}@{host}").replace(|char: char| !char.is_ascii_graphic(), "_")
}

/// The name of a user in a table of the form of `/etc/passwd`.
fn named(users: &str, id: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_the_machines_table() {
        let users =
            "root:x:0:0::/root:/bin/sh\n\n:x:7:7:::\nada:x:1000:1000:Ada:/home/ada:/bin/sh\n";
        assert_eq!(named(users, 0).as_deref(), Some("root"));
        assert_eq!(named(users, 1000).as_deref(), Some("ada"));
        for id in [7, 1, 4_294_967_295] {
            assert_eq!(named(users, id), None, "{id}");
        }
    }

    #[test]
    fn an_operator_is_a_name_at_a_machine() {
        let name = name();
        let (user, host) = name.split_once('@').unwrap();
        assert!(!user.is_empty() && !host.is_empty(), "{name}");
        assert!(name.chars().all(|char| char.is_ascii_graphic()), "{name}");
    }
}
