//! The house rules hold for this tree, and each of them notices a tree that breaks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::tidy::{Finding, check};

#[test]
fn this_tree_is_tidy() {
    // Said at run time, for checkouts that share a target directory.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = package.parent().unwrap();
    assert!(root.join("tools/xtask/Cargo.toml").is_file(), "{} is not the root", root.display());
    let lines: Vec<String> = check(root).iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn a_finding_says_where_and_what_to_do() {
    let found = Small::tree("says_where").file("crates/store/src/utils.rs", "").check();
    assert_eq!(
        found[0].to_string(),
        "crates/store/src/utils.rs:1: file-name: `utils` says nothing: name it after what is \
         inside, or put that where it is used"
    );
}

#[test]
fn an_empty_tree_has_no_findings() {
    Small::tree("empty").expect(&[]);
}

#[test]
fn a_dependency_outside_the_table_is_found_in_every_section_and_form() {
    Small::tree("table")
        .file(
            "crates/domain/Cargo.toml",
            "[dependencies]\nulid.workspace = true\nserde.workspace = true\n\
             [dev-dependencies]\nproptest = \"1\"\n",
        )
        .file("crates/store/Cargo.toml", "[dependencies.regex]\nversion = \"1\"\n")
        .file("crates/service/Cargo.toml", "[build-dependencies]\ncc = \"1\"\n")
        .file("crates/http/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n")
        .file("crates/extra/Cargo.toml", "[dependencies]\n")
        .expect(&[
            "crates/domain/Cargo.toml:3: dependency-table",
            "crates/extra/Cargo.toml:1: dependency-table",
            "crates/http/Cargo.toml:2: dependency-table",
            "crates/service/Cargo.toml:2: dependency-table",
            "crates/store/Cargo.toml:1: dependency-table",
        ]);
}

#[test]
fn planted_mistakes_are_asked_for_by_nobody_but_the_simulation() {
    let asks = "[features]\nplanted-bugs = [\"store/planted-bugs\"]\n";
    Small::tree("planted")
        .file("tests/Cargo.toml", asks)
        .file("crates/store/Cargo.toml", "[features]\ndefault = [\"planted-bugs\"]\n")
        .file("crates/muster/Cargo.toml", asks)
        .expect(&[
            "crates/muster/Cargo.toml:2: planted-bugs",
            "crates/store/Cargo.toml:2: planted-bugs",
        ]);
}

#[test]
fn a_renamed_dependency_is_judged_by_what_it_is() {
    Small::tree("renamed")
        .file(
            "Cargo.toml",
            "[workspace.dependencies]\nclean = { package = \"serde\", version = \"1\" }\n",
        )
        .file(
            "crates/domain/Cargo.toml",
            "[dependencies]\nclean.workspace = true\nulid = { package = \"rand\", version = \"1\" }\n",
        )
        .expect(&[
            "crates/domain/Cargo.toml:2: dependency-table",
            "crates/domain/Cargo.toml:3: dependency-table",
        ]);
}

#[test]
fn arrows_point_leftwards_even_in_tests() {
    Small::tree("arrows")
        .file(
            "Cargo.toml",
            "[workspace.dependencies]\nhttp = { package = \"muster-http\", path = \"crates/http\" }\n",
        )
        .file("crates/store/Cargo.toml", "[dependencies]\nhttp.workspace = true\n")
        .file("crates/domain/Cargo.toml", "[dev-dependencies]\nmuster-store = { path = \"../store\" }\n")
        .file("crates/muster/Cargo.toml", "[dependencies]\nhttp.workspace = true\n")
        .expect(&[
            "crates/domain/Cargo.toml:2: dependency-arrow",
            "crates/store/Cargo.toml:2: dependency-arrow",
        ]);
}

#[test]
fn a_layer_does_not_mention_what_it_must_never_see() {
    Small::tree("mentions")
        .file("crates/domain/src/a.rs", "use std::time::SystemTime;\n")
        .file("crates/store/src/a.rs", "fn f() {\n    tokio::spawn(g());\n}\n")
        .file("crates/service/src/a.rs", "use axum::Json;\n")
        .file("crates/http/src/a.rs", "\n\nuse {argon2::Argon2, serde::Serialize};\n")
        .file("crates/muster/src/a.rs", "use axum::Json;\n")
        .expect(&[
            "crates/domain/src/a.rs:1: forbidden-mention",
            "crates/http/src/a.rs:3: forbidden-mention",
            "crates/service/src/a.rs:1: forbidden-mention",
            "crates/store/src/a.rs:2: forbidden-mention",
        ]);
}

#[test]
fn comments_strings_and_longer_words_mention_nothing() {
    Small::tree("comments")
        .file(
            "crates/domain/src/a.rs",
            "//! Unlike tokio.\n/* rand /* sled */ axum */\nconst A: &str = \"$argon2id$ \\\" tokio\";\n\
             const B: &str = r#\"a \"sled\" b\"#;\nconst C: [char; 2] = ['\"', '\\''];\n\
             fn operand<'rand>(brand: &'rand str) {}\n",
        )
        .expect(&[]);
}

#[test]
fn the_ground_of_the_store_does_not_import_what_is_derived() {
    Small::tree("ground")
        .file("crates/store/src/record.rs", "use crate::views::Views;\n")
        .file("crates/store/src/tree.rs", "use crate::{\n    record,\n    log::Log,\n};\n")
        .file("crates/store/src/journal/disk.rs", "fn f() {\n    super::super::views::open();\n}\n")
        .file("crates/store/src/rebuild.rs", "use crate::{log::Log, views::Views};\n")
        .file("crates/store/src/schema/mod.rs", "use crate::record::views;\n")
        .expect(&[
            "crates/store/src/journal/disk.rs:2: ground-imports-derived",
            "crates/store/src/record.rs:1: ground-imports-derived",
            "crates/store/src/tree.rs:3: ground-imports-derived",
        ]);
}

#[test]
fn a_dialect_does_not_import_another() {
    Small::tree("dialects")
        .file("crates/http/src/zato/users.rs", "use crate::zato::wire;\nuse crate::logto::wire;\n")
        .file("crates/http/src/v1/mod.rs", "use super::{caller, zitadel};\n")
        .file("crates/http/src/lib.rs", "use crate::zato;\n")
        .expect(&[
            "crates/http/src/v1/mod.rs:1: dialect-imports-dialect",
            "crates/http/src/zato/users.rs:2: dialect-imports-dialect",
        ]);
}

#[test]
fn a_file_has_at_most_500_lines() {
    Small::tree("file_size")
        .file("crates/domain/src/full.rs", &"//\n".repeat(500))
        .file("crates/domain/src/over.rs", &"//\n".repeat(501))
        .expect(&["crates/domain/src/over.rs:501: file-size"]);
}

#[test]
fn a_function_has_at_most_70_lines_outside_test_modules() {
    let long =
        |lines: usize| format!("fn f(a: [u8; 2]) -> u8 {{\n{}}}\n", "    g();\n".repeat(lines - 2));
    let tests = format!("#[cfg(test)]\n#[rustfmt::skip]\nmod tests {{\n{}}}\n", long(90));
    Small::tree("function_size")
        .file("crates/domain/src/full.rs", &long(70))
        .file("crates/domain/src/over.rs", &format!("const A: u8 = 1;\n{}", long(71)))
        .file("crates/domain/src/tested.rs", &tests)
        .file("crates/domain/src/after.rs", &format!("{tests}{}", long(71)))
        .expect(&[
            "crates/domain/src/after.rs:95: function-size",
            "crates/domain/src/over.rs:2: function-size",
        ]);
}

#[test]
fn a_name_says_what_is_inside() {
    Small::tree("names")
        .file("crates/domain/src/helpers.rs", "")
        .file("tests/src/common/mod.rs", "")
        .file("crates/domain/src/commons.rs", "")
        .expect(&[
            "crates/domain/src/helpers.rs:1: file-name",
            "tests/src/common/mod.rs:1: file-name",
        ]);
}

#[test]
fn every_test_runs() {
    Small::tree("ignored")
        .file("crates/a/src/a.rs", "#[test]\n#[ignore]\nfn a() {}\n")
        .file("crates/a/src/b.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n")
        .file("crates/a/src/c.rs", "#[cfg_attr(debug_assertions, ignore)]\nfn a() {}\n")
        .file("crates/a/src/d.rs", "#[test]\nfn ignore() {}\n")
        .expect(&[
            "crates/a/src/a.rs:2: ignored-test",
            "crates/a/src/b.rs:2: ignored-test",
            "crates/a/src/c.rs:1: ignored-test",
        ]);
}

#[test]
fn a_fold_lists_its_variants() {
    let fold =
        |name: &str, arms: &str| format!("fn {name}() {{\n    match event {{\n{arms}    }}\n}}\n");
    let locked = "        Event::Locked { at } => lock(at),\n";
    let with = |arm: &str| format!("{locked}        {arm}\n");
    Small::tree("folds")
        .file("crates/domain/src/a/evolve.rs", &fold("evolve", &with("_ => {}")))
        .file("crates/domain/src/a/apply.rs", &fold("apply", &with("other => keep(other),")))
        .file("crates/domain/src/a/describe.rs", &fold("describe", &with("(_, _) => {}")))
        .file("crates/domain/src/a/encode.rs", &fold("encode", &with("Event::Gone | _ => {}")))
        .file("crates/domain/src/a/binding.rs", &fold("encode", &with("whole @ _ => {}")))
        .file(
            "crates/domain/src/a/first.rs",
            &fold("evolve", &format!("        _ => {{}}\n{locked}")),
        )
        .file(
            "crates/domain/src/a/nested.rs",
            &fold(
                "apply",
                &format!("        A::Bee(_) => {{ match c {{ D::Eff => 1, _ => 2 }} }}\n{locked}"),
            ),
        )
        .expect(&[
            "crates/domain/src/a/apply.rs:4: catch-all",
            "crates/domain/src/a/binding.rs:4: catch-all",
            "crates/domain/src/a/describe.rs:4: catch-all",
            "crates/domain/src/a/encode.rs:4: catch-all",
            "crates/domain/src/a/evolve.rs:4: catch-all",
            "crates/domain/src/a/first.rs:3: catch-all",
            "crates/domain/src/a/nested.rs:3: catch-all",
        ]);
}

#[test]
fn arms_that_only_look_like_a_catch_all_pass() {
    let arms = "match a {\n    Event::Locked(_) => {}\n    Event::Gone { .. } if _x == y => {}\n    \
                Event::Named(name) => name,\n    (Some(_), _) => {}\n    Event::Shut => match b {\n        \
                \"text\" => 1,\n        _ => 2,\n    },\n}";
    let numbers =
        "match code {\n    1 | 2 => a,\n    MAX => c,\n    StatusCode::OK => d,\n    _ => b,\n}";
    Small::tree("look_alikes")
        .file("crates/domain/src/a.rs", &format!("fn evolve() {{\n{arms}\n}}\n"))
        .file("crates/domain/src/b.rs", &format!("fn encode() {{\n{numbers}\n}}\n"))
        .file(
            "crates/domain/src/c.rs",
            "fn decide() {\nmatch a { Event::Locked => 1, _ => 2 }\n}\n",
        )
        .expect(&[]);
}

#[test]
fn an_error_table_lists_every_rejection_in_every_function() {
    let table = "fn row() {\n    match why {\n        Rejection::NoSuchUser => 404,\n        _ => 400,\n    }\n}\n";
    Small::tree("error_tables")
        .file("crates/http/src/zato/errors.rs", table)
        .file("crates/http/src/zato/call.rs", table)
        .expect(&["crates/http/src/zato/errors.rs:4: catch-all"]);
}

#[test]
fn decisions_are_numbered_without_gaps_and_fit_on_a_page() {
    Small::tree("decisions")
        .file("docs/adr/0001-first.md", &"-\n".repeat(80))
        .file("docs/adr/0002-long.md", &"-\n".repeat(81))
        .file("docs/adr/0004-gap.md", "")
        .file("docs/adr/0004-repeat.md", "")
        .file("docs/adr/draft.md", "")
        .expect(&[
            "docs/adr/0002-long.md:81: decision-size",
            "docs/adr/0004-gap.md:1: decision-number",
            "docs/adr/0004-repeat.md:1: decision-number",
            "docs/adr/draft.md:1: decision-name",
        ]);
}

#[test]
fn the_map_has_at_most_200_lines() {
    Small::tree("map_full").file("docs/ARCHITECTURE.md", &"-\n".repeat(200)).expect(&[]);
    Small::tree("map_over")
        .file("docs/ARCHITECTURE.md", &"-\n".repeat(201))
        .expect(&["docs/ARCHITECTURE.md:201: map-size"]);
}

#[test]
fn the_top_level_is_a_short_list() {
    Small::tree("top_level")
        .file("README.md", "")
        .file(".ci/run", "")
        .file("deny.toml", "")
        .file("notes.txt", "")
        .file("scripts/a.sh", "")
        .file("scripts/b.sh", "")
        .file("target/debug/a", "")
        .expect(&["notes.txt:1: top-level", "scripts:1: top-level"]);
}

#[test]
fn a_release_freezes_its_golden_files() {
    let golden = "crates/store/golden";
    let tree = Small::tree("golden")
        .file("crates/store/golden/kept.v1.hex", "00")
        .file("crates/store/golden/edited.v1.hex", "00")
        .file("crates/store/golden/deleted.v1.hex", "00");
    if !tree.git(&["init", "--quiet"]) {
        // Built from an archive on a machine without git: there is no release to compare with.
        return;
    }
    assert!(tree.git(&["add", "--all"]) && tree.git(&["commit", "--quiet", "-m", "one"]));
    let tree = tree.file("crates/store/golden/edited.v1.hex", "01");
    assert!(tree.git(&["tag", "before-work"]));
    tree.expect(&[]);

    assert!(tree.git(&["tag", "v0.1.0"]));
    fs::remove_file(tree.root.join(golden).join("deleted.v1.hex")).unwrap();
    tree.file("crates/store/golden/added.v1.hex", "02").expect(&[
        "crates/store/golden/deleted.v1.hex:1: golden-file",
        "crates/store/golden/edited.v1.hex:1: golden-file",
    ]);
}

#[test]
fn what_git_does_not_track_is_not_judged() {
    let tree = Small::tree("untracked").file("README.md", "").file("notes.txt", "");
    tree.expect(&["notes.txt:1: top-level"]);
    if tree.git(&["init", "--quiet"]) {
        assert!(tree.git(&["add", "README.md"]));
        tree.expect(&[]);
    }
}

/// A tree of a few files, below cargo's directory for tests.
struct Small {
    root: PathBuf,
}

impl Small {
    /// An empty tree; `name` is one test's own, for tests run side by side.
    fn tree(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tidy").join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("cargo's directory for tests can be written");
        Self { root }
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.join(path);
        let directory = path.parent().expect("a file lies in the tree");
        fs::create_dir_all(directory).expect("cargo's directory for tests can be written");
        fs::write(path, text).expect("cargo's directory for tests can be written");
        self
    }

    fn check(&self) -> Vec<Finding> {
        check(&self.root)
    }

    /// Asserts what is found, as `path:line: rule`.
    fn expect(&self, expected: &[&str]) {
        let found = self.check();
        let found: Vec<String> = found
            .iter()
            .map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.rule))
            .collect();
        assert_eq!(found, expected);
    }

    /// Runs git in this tree and nowhere else, with no configuration but this.
    fn git(&self, arguments: &[&str]) -> bool {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let status = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(&self.root)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .status();
        status.is_ok_and(|status| status.success())
    }
}
