//! `docs/configuration.md`, written from the table of keys.

use std::fmt::Write;

use super::refused::REFUSED;
use super::{Chosen, Key, keys};

const HEAD: &str = "# Configuration

Written by `cargo xtask docs` from the code; change it there.

Nothing needs to be configured. What is, comes from a file in TOML: the one that `--config FILE` names, else
the one that `MUSTER_CONFIG` names, else `muster.toml` in the data directory. A variable of the environment
counts over the file, a flag over both. Lists are arrays in the file (`[\"CRM\", \"ERP\"]`), texts joined by
commas in the environment (`CRM,ERP`). An unknown key is an error that names the nearest known one.
`muster config` prints what is in force, and from where. A server reads all of it once, when it starts.

```toml
listen = \"127.0.0.1:17010\"

[zato.apps]
all = [\"CRM\", \"ERP\"]
login_allowed = [\"CRM\", \"ERP\"]

[zato.user_address_list]
ada = \"10.0.0.1, 172.16.0.0/12\"

[[zato.basic_auth]]
name = \"pubapi\"
username = \"pubapi\"
password = \"...\"
```

A file that holds a secret should be readable by the server's user alone (`chmod 600`); Muster says so at
its start otherwise.
";

const TABLES: &str = "
## Tables

| in the file | meaning |
|---|---|
| `[zato.user_address_list]` | From where a user may act: the key is the user's name, the value addresses and networks joined by commas, or an array of them; `\"*\"` is anywhere, an empty text nowhere. Every address that a request names has to be allowed. |
| `[[zato.basic_auth]]` | A definition of HTTP Basic Auth that users may be linked to: `name`, `username` (the same as the name), `password`. |
| `[[zato.jwt]]` | A definition of JSON web tokens that users may be linked to: `name`, `username` (the same as the name), `secret` of 32 bytes at least. A token is signed by HMAC-SHA256 (`HS256`) with it, has the name as its `sub`, and an `exp`. |
";

const ZATO: &str = "
## Coming from Zato

Every key of `sso.conf` has its place here, with the same meaning and default, but that `CRM` may sign users up
as well. A list becomes an array.

| sso.conf | here |
|---|---|
";

const REFUSED_HEAD: &str = "
These are refused, so that a copied file does not seem to do what it does not:

| sso.conf | why |
|---|---|
";

/// Keys under `[zato]` that Zato does not have.
const OWN: &[&str] = &[
    "zato.login.max_failures_per_minute",
    "zato.totp.refuse_reuse",
    "zato.password.end_other_sessions",
    "zato.http.trusted_proxies",
    keys::BASIC_AUTH,
    keys::JWT,
];

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    let chosen = Chosen::default();
    let mut section = None;
    for key in keys::all() {
        if section != Some(key.section()) {
            section = Some(key.section());
            let heading = match key.section() {
                "" => "At the top".to_owned(),
                section => format!("`[{section}]`"),
            };
            page += "\n## ";
            page += &heading;
            page += "\n\n| key | default | meaning |\n|---|---|---|\n";
        }
        page += &row(key, &chosen);
    }
    page += TABLES;
    page += ZATO;
    for name in keys::names().filter(|name| !OWN.contains(name)) {
        if let Some(old) = of_zato(name) {
            writeln!(page, "| {old} | `{name}` |").expect("a text takes any text");
        }
    }
    page += REFUSED_HEAD;
    for (name, why) in REFUSED {
        let old = of_zato(name).unwrap_or_default();
        writeln!(page, "| {old} | {why} |").expect("a text takes any text");
    }
    page
}

/// A key, or a section, as `sso.conf` has it.
fn of_zato(name: &str) -> Option<String> {
    let old = name.strip_prefix("zato.")?;
    let in_section = |(section, key): (&str, &str)| format!("`{key}` of `[{section}]`");
    Some(old.split_once('.').map_or(format!("`[{old}]`"), in_section))
}

fn row(key: &Key, chosen: &Chosen) -> String {
    let name = key.name.rsplit('.').next().unwrap_or(key.name);
    let default = key.place.read(chosen).to_string();
    format!("| `{name}` | `{default}` | {} |\n", key.meaning.replace('|', "\\|"))
}
