//! HTTP that is broken, endless or slow.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use jiff::Timestamp;
use muster_tests::client::{Answer, Client, connect};
use muster_tests::operations::{V1, built};
use muster_tests::server::Server;
use muster_tests::zato::{LOGIN, USER, Zato};
use serde_json::json;

use crate::{healthy, refused_in_order, world};

/// How long open requests may hold up a stop, in seconds (10), and how long the rest of it may take.
const STOP_SECS_MAX: i64 = 10 + 10;

/// Sends bytes and expects either an answer that refuses, or a closed connection.
#[track_caller]
fn refuse(bytes: &[u8]) -> Option<Answer> {
    let mut client = Client::new(world().server.address());
    let answer = client.try_send_raw(bytes, false).ok()?;
    refused_in_order(&answer);
    Some(answer)
}

#[test]
fn a_body_beyond_the_limit_is_refused_in_each_surfaces_words() {
    let mut zato = Zato::new(&world().server);
    let long = "x".repeat(5 << 20);
    let body = json!({"username": "ada", "password": long, "current_app": "CRM"}).to_string();
    let mut answered = 0;
    for operation in built() {
        // The connection may be closed before all of it was sent; then there is no answer to read.
        let sent = zato.client.try_send(operation.method, operation.path, &[], body.as_bytes());
        if let Ok(answer) = sent {
            answer.bad_request();
            assert_eq!(answer.header("connection"), Some("close"));
            answered += 1;
        }
    }
    assert!(answered > 0, "no answer was seen");
    for (method, path) in V1.iter().chain(&[("POST", "/nothing"), ("PUT", "/livez")]) {
        if let Ok(answer) = zato.client.try_send(method, path, &[], body.as_bytes()) {
            refused_in_order(&answer);
        }
    }
    let mut zato = Zato::new(&world().server);
    // Just within the limit it is read.
    let fits = "x".repeat((4 << 20) - 100);
    let body = json!({"username": "ada", "password": fits, "current_app": "CRM"}).to_string();
    zato.client.send("POST", LOGIN, &[], body.as_bytes()).refused("E005001");
    healthy();
}

#[test]
fn a_body_that_nobody_reads_leaves_the_connection_usable() {
    let mut client = world().server.client();
    let body = vec![b' '; 1 << 20];
    for _ in 0..10 {
        for (method, path) in
            [("PUT", LOGIN), ("GET", "/livez"), ("GET", "/v1/users"), ("POST", "/")]
        {
            let answer = client.send(method, path, &[], &body);
            assert_eq!(answer.header("connection"), None, "{method} {path}");
        }
    }
    healthy();
}

#[test]
fn whoever_waits_to_be_asked_for_a_body_is_told_at_once_that_it_is_not_wanted() {
    let mut client = world().server.client();
    let head = format!(
        "PUT {LOGIN} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n"
    );
    let answer = client.try_send_raw(head.as_bytes(), false).expect("an answer");
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("connection"), Some("close"));
    healthy();
}

#[test]
fn a_length_that_lies_is_no_hang() {
    for (length, body) in [("99999999999", "{}"), ("-1", "{}"), ("x", "{}"), ("1e3", "{}")] {
        let head =
            format!("POST {LOGIN} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
        let mut stream = connect(world().server.address()).expect("it listens");
        stream.get_mut().write_all(head.as_bytes()).expect("it reads");
        stream.get_mut().shutdown(Shutdown::Write).expect("it was open");
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{length}: {answer}");
    }
    healthy();
}

#[test]
fn bytes_that_are_no_http_are_refused() {
    let world = world();
    for bytes in [
        &b"\r\n\r\n\r\n"[..],
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://[::1/zato/sso/user HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/users/%zz HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/users/%00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /zato/sso/user?%zz=%&&&=;=%00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /zato/sso/user HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n",
        b"GET /zato/sso/user HTTP/1.1\r\nhost: x\r\na\0b: c\r\n\r\n",
        b"GET /zato/sso/user HTTP/1.1\r\nhost: x\r\ntransfer-encoding: nonsense\r\n\r\n",
        b"POST /zato/sso/user/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /zato/sso/user/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
        b"NONSENSE /zato/sso/user HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut stream = connect(world.server.address()).expect("it listens");
        stream.get_mut().write_all(bytes).expect("it reads");
        stream.get_mut().shutdown(Shutdown::Write).expect("it was open");
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let text = String::from_utf8_lossy(&answer);
        let refused = text.is_empty() || text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.1 200");
        assert!(refused, "{:?}: {text}", String::from_utf8_lossy(bytes));
    }
    healthy();
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let long = "x".repeat(70 << 10);
    let many: Vec<_> = (0..500).map(|number| format!("x-{number}: y\r\n")).collect();
    let many = many.concat();
    for head in [
        format!("GET {USER} HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n"),
        format!("GET {USER}?ust={long} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET {USER} HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
    ] {
        if let Some(answer) = refuse(head.as_bytes()) {
            assert!([400, 414, 431].contains(&answer.status), "{}", answer.status);
        }
    }
    healthy();
}

#[test]
fn headers_of_any_content_are_taken_or_refused() {
    let world = world();
    for header in [
        "user-agent: \u{ff}\u{fe}",
        "user-agent: ",
        "x-request-id: ../../etc/passwd",
        "x-forwarded-for: 1.2.3.4, 5.6.7.8",
        "x-zato-forwarded-for: nonsense",
        "x-muster-operator: root",
        "x-muster-min-position: 99999999999999999999",
        "authorization: Bearer \u{ff}",
        "authorization: Basic ====",
        "content-encoding: gzip",
        "expect: 100-nonsense",
        "connection: upgrade\r\nupgrade: h2c",
        "accept: nothing/at-all",
        "cookie: a=b",
        "host: second",
    ] {
        for (method, path) in [("GET", USER), ("GET", "/v1/users"), ("POST", LOGIN)] {
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\n{header}\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            if let Some(answer) = refuse(head.as_bytes()) {
                assert!([400, 401, 417].contains(&answer.status), "{header}: {}", answer.status);
            }
        }
    }
    // Without a host, and by the protocol's older version.
    for head in ["HTTP/1.1\r\n\r\n", "HTTP/1.0\r\n\r\n"] {
        let mut stream = connect(world.server.address()).expect("it listens");
        stream.get_mut().write_all(format!("GET /livez {head}").as_bytes()).expect("it reads");
        let mut first = [0; 12];
        stream.read_exact(&mut first).expect("an answer");
        let first = String::from_utf8_lossy(&first).into_owned();
        assert!(["200", "400"].contains(&&first[9..]), "{first}");
    }
    healthy();
}

#[test]
fn an_agent_of_any_length_is_kept_shortened() {
    let world = world();
    let mut client = world.server.client();
    let agent = "é".repeat(15_000);
    let body = json!({
        "username": world.person.username, "password": world.person.password,
        "current_app": "CRM",
    });
    let headers = [("user-agent", agent.as_str())];
    client.send("POST", LOGIN, &headers, body.to_string().as_bytes()).ok();
    healthy();
}

#[test]
fn requests_one_behind_the_other_are_answered_in_order() {
    let mut stream = connect(world().server.address()).expect("it listens");
    let requests: Vec<_> = (0..50)
        .map(|number| {
            format!(
                "GET {USER}?current_app=CRM&ust={number} HTTP/1.1\r\nhost: x\r\n\
                 x-request-id: {number}\r\n\r\n"
            )
        })
        .collect();
    let mut all = requests.concat();
    all.push_str("GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.get_mut().write_all(all.as_bytes()).expect("it reads");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("answers in UTF-8");
    let ids: Vec<_> =
        answers.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect();
    let expected: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(ids[..50], expected);
    assert!(answers.ends_with("ok\n"), "{answers}");
    healthy();
}

#[test]
fn clients_that_leave_in_the_middle_are_no_trouble() {
    let world = world();
    let body = json!({"username": "ada", "password": "x", "current_app": "CRM"}).to_string();
    let whole =
        format!("POST {LOGIN} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for cut in (1..whole.len()).step_by(7).chain([whole.len()]) {
        let mut stream = TcpStream::connect(world.server.address()).expect("it listens");
        stream.write_all(&whole.as_bytes()[..cut]).expect("it reads");
        drop(stream);
    }
    healthy();
}

#[test]
fn many_idle_connections_do_not_keep_others_out() {
    let world = world();
    let idle: Vec<_> =
        (0..200).map(|_| TcpStream::connect(world.server.address()).expect("it listens")).collect();
    healthy();
    drop(idle);
    healthy();
}

#[test]
fn a_slow_client_does_not_keep_the_server_from_stopping() {
    let mut server = Server::start();
    let address = server.address();
    let head = format!("POST {LOGIN} HTTP/1.1\r\nhost: x\r\n");
    let mut halves = Vec::new();
    for part in [
        String::new(),
        "POS".to_owned(),
        head.clone(),
        format!("{head}content-length: 100\r\n\r\n{{"),
    ] {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time-out");
        stream.write_all(part.as_bytes()).expect("it reads");
        halves.push(stream);
    }
    // One that asked, was answered, and keeps its connection open.
    let mut client = server.client();
    client.send("GET", "/livez", &[], b"");
    let began = Timestamp::now();
    let status = server.stop();
    let took = began.duration_until(Timestamp::now()).as_secs();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(took <= STOP_SECS_MAX, "{took} s");
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    drop(halves);
    // What it left can be served again.
    server.restart();
    let first = server.first().clone();
    Zato::new(&server).log_in(&first.username, &first.password);
}
