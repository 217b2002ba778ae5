use super::*;

fn file(text: &str) -> Given {
    Given { file: Some((PathBuf::from("muster.toml"), text.to_owned())), ..Given::default() }
}

#[track_caller]
fn wrong(given: &Given) -> String {
    Config::from(given).expect_err("it is wrong").to_string()
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn nothing_given_is_the_defaults() {
    let config = Config::from(&Given::default()).unwrap();
    assert_eq!(config.chosen.listen, "127.0.0.1:17010");
    assert_eq!(config.chosen.http.zato.apps_all, ["CRM"]);
    assert!(config.chosen.service.sign_up.email.is_none());
    assert!(keys::all().all(|key| config.origin(key) == Origin::Default));
}

#[test]
fn flags_count_over_the_environment_and_that_over_the_file() {
    let mut given = file("listen = \"a:1\"\n[zato.session]\nexpiry = 5\n");
    let config = Config::from(&given).unwrap();
    assert_eq!(config.chosen.listen, "a:1");
    assert_eq!(config.chosen.service.session_lasts, domain::time::Span::minutes(5));
    let listen = keys::named("listen").unwrap();
    assert_eq!(config.origin(listen).to_string(), "muster.toml:1");

    given.environment = variables(&[("MUSTER_LISTEN", "b:2"), ("PATH", "/bin")]);
    let config = Config::from(&given).unwrap();
    assert_eq!(config.chosen.listen, "b:2");
    assert_eq!(config.origin(listen).to_string(), "$MUSTER_LISTEN");

    given.flags = vec![("listen", "--listen", "c:3".to_owned())];
    let config = Config::from(&given).unwrap();
    assert_eq!(config.chosen.listen, "c:3");
    assert_eq!(config.origin(listen).to_string(), "--listen");
}

#[test]
fn every_key_can_be_written_as_it_is_read() {
    let default = Config::from(&Given::default()).unwrap();
    for key in keys::all() {
        let value = key.place.read(&default.chosen);
        if matches!(value, Value::Hidden(_)) {
            continue;
        }
        let given = file(&format!("{} = {value}\n", key.name));
        let config = Config::from(&given).unwrap_or_else(|error| panic!("{}: {error}", key.name));
        assert_eq!(key.place.read(&config.chosen), value, "{}", key.name);
        assert_eq!(config.origin(key).to_string(), "muster.toml:1", "{}", key.name);
        let text = match value {
            Value::Texts(texts) => texts.join(","),
            Value::Text(text) => text,
            other => other.to_string(),
        };
        let variable = key.variable();
        let environment = variables(&[(&variable, &text)]);
        let config = Config::from(&Given { environment, ..Given::default() });
        assert!(config.is_ok(), "{variable}={text}");
    }
}

#[test]
fn names_are_unique_and_sections_lie_together() {
    let mut sections: Vec<_> = keys::all().map(Key::section).collect();
    let mut names: Vec<_> = keys::names().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    sections.dedup();
    let told = sections.len();
    sections.sort_unstable();
    sections.dedup();
    // `zato.totp` interrupts nothing; a section told twice would be two tables of the page.
    assert_eq!(sections.len(), told);
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest() {
    let error = wrong(&file("\n[zato.login]\ninform_if_lokced = true\n"));
    let expected = "muster.toml:3: unknown key `zato.login.inform_if_lokced`; the nearest known one is \
                    `zato.login.inform_if_locked`";
    assert_eq!(error, expected);
    let error = wrong(&file("[zato.logn]\nx = 1\n"));
    assert!(error.starts_with("muster.toml:1: unknown key `zato.logn`"), "{error}");
    let error = wrong(&file("lisen = \"x\"\n"));
    assert!(error.ends_with("the nearest known one is `listen`"), "{error}");
    let environment = variables(&[("MUSTER_ZATO_SESSION_EXPIRI", "5")]);
    let error = wrong(&Given { environment, ..Given::default() });
    assert!(error.contains("the nearest is `MUSTER_ZATO_SESSION_EXPIRY`"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_or_beyond_its_limits_is_told_with_what_the_key_takes() {
    for (text, told) in [
        ("zato.session.expiry = \"5\"", "`zato.session.expiry` takes an integer"),
        ("zato.session.expiry = 0", "is within 1 and 5256000 (minutes)"),
        ("zato.password.min_length = -1", "is within 1 and 1024"),
        ("zato.password.min_complexity = 5", "is within 0 and 4"),
        ("zato.apps.all = \"CRM\"", "takes an array of texts"),
        ("zato.apps.all = [1]", "takes an array of texts"),
        ("zato.login.inform_if_locked = 1", "takes true or false"),
        ("zato.session.expiry = 1.5", "takes no float"),
        ("zato.http.trusted_proxies = [\"10.0.0.0/33\"]", "neither an address nor a network"),
        ("zato.password_reset.user_search_by = \"phone\"", "is `username`, `email` or"),
        ("zato.password.min_complexity_algorithm = \"luck\"", "is `zxcvbn`"),
        ("zato.signup.password_allow_whitespace = false", "is true"),
        ("listen = ", "muster.toml:1"),
    ] {
        let error = wrong(&file(text));
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn what_zato_has_and_muster_has_not_is_refused_with_a_reason() {
    for (text, told) in [
        ("[zato.backend]\ndefault = \"sql\"", "its own store"),
        ("[zato.sql]\nname = \"\"", "no SQL"),
        ("[zato.hash_secret]\nrounds = 1", "Argon2id"),
        ("[zato.main]\nencrypt_password = true", "sealed"),
        ("[zato.signup]\ncallback_service_list = []", "no Zato services"),
    ] {
        let error = wrong(&file(text));
        assert!(error.contains("is refused") && error.contains(told), "{text}: {error}");
    }
}

#[test]
fn keys_that_cannot_stand_together_are_told() {
    for (text, told) in [
        ("zato.apps.login_allowed = [\"ERP\"]", "names `ERP`"),
        ("zato.password.min_length = 300", "above `max_length`"),
        ("zato.search.max_page_size = 10", "above `max_page_size`"),
        ("zato.password_reset.user_search_by = \"email\"", "encrypt_email = false"),
    ] {
        let error = wrong(&file(text));
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn addresses_are_looked_at_where_they_are_not_encrypted() {
    let text = "[zato]\nmain.encrypt_email = false\nsignup.email_required = false\n\
                signup.max_length_email = 20\nuser_validation.reject_email = [\"spam\"]\n";
    let config = Config::from(&file(text)).unwrap();
    let expected = EmailRules { required: false, chars_max: 20, reject: vec!["spam".to_owned()] };
    assert_eq!(config.chosen.service.sign_up.email, Some(expected));
}

#[test]
fn users_are_listed_with_their_addresses() {
    let text = "[zato.user_address_list]\nada = \"10.0.0.1, 172.16.0.0/12\"\nbob = [\"10.0.0.2\"]\n\
                \"eve.l\" = \"\"\nroot = \"*\"\n";
    let config = Config::from(&file(text)).unwrap();
    let rules = &config.chosen.service.addresses;
    assert!(rules.allow(Some("ada"), Some("172.17.0.1")));
    assert!(!rules.allow(Some("bob"), Some("10.0.0.1")));
    assert!(!rules.allow(Some("eve.l"), Some("10.0.0.1")));
    assert!(rules.allow(Some("root"), None));
    let error = wrong(&file("[zato.user_address_list]\nada = \"home\"\n"));
    assert!(error.starts_with("muster.toml:2:"), "{error}");
}

#[test]
fn definitions_are_read_whole_and_their_secrets_never_told() {
    let one =
        "[[zato.basic_auth]]\nname = \"pubapi\"\nusername = \"pubapi\"\npassword = \"hush\"\n";
    let config = Config::from(&file(one)).unwrap();
    let known = &config.chosen.http.zato.definitions.basic_auth;
    assert_eq!((known[0].username.as_str(), known[0].password.as_str()), ("pubapi", "hush"));
    assert!(!format!("{config:?}").contains("hush"));
    for (text, told) in [
        (format!("{one}{one}"), "defined twice"),
        (one.replace("name = \"pubapi\"\nusername", "name = \"other\"\nusername"), "must be equal"),
        (one.replace("password", "pasword"), "the nearest known one is `password`"),
        (one.replace("\"hush\"", "\"\""), "needs `password`"),
        (one.replace("pubapi", "pub:api"), "no colon"),
        ("zato.basic_auth = 1".to_owned(), "takes tables"),
    ] {
        let error = wrong(&file(&text));
        assert!(error.contains(told) && !error.contains("hush"), "{text}: {error}");
    }
}
