//! The page for people: whole in itself.

use crate::world::server;

const PARTS: [(&str, &str); 3] = [
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/page.css", "text/css; charset=utf-8"),
    ("/docs/page.js", "text/javascript; charset=utf-8"),
];

#[test]
fn the_page_is_small_and_asks_nobody_else() {
    let mut client = server().client();
    let mut bytes = 0;
    for (path, kind) in PARTS {
        let answer = client.send("GET", path, &[], b"");
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let text = answer.text();
        for elsewhere in ["https://", "src=\"//", " url(", ":url(", "@import", "import("] {
            assert!(!text.contains(elsewhere), "{path} has {elsewhere}");
        }
        bytes += text.len();
    }
    assert!(bytes < 60_000, "{bytes} bytes");
}

#[test]
fn the_page_keeps_nothing_and_takes_nothing_for_markup() {
    let mut client = server().client();
    let script = client.send("GET", "/docs/page.js", &[], b"").text().to_owned();
    let kept = ["localStorage", "sessionStorage", "indexedDB", "document.cookie"];
    let markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("];
    for word in kept.iter().chain(&markup) {
        assert!(!script.contains(word), "the script says {word}");
    }
    let page = client.send("GET", "/docs", &[], b"").text().to_owned();
    for word in ["<script>", "<style", "onclick", "style="] {
        assert!(!page.contains(word), "the policy forbids {word}");
    }
}

#[test]
fn a_part_that_does_not_exist_is_not_found() {
    let mut client = server().client();
    for path in ["/docs/", "/docs/page", "/docs/page.html", "/docs/%FF", "/docs/..%2fmod.rs"] {
        assert_eq!(client.send("GET", path, &[], b"").status, 404, "{path}");
    }
}
