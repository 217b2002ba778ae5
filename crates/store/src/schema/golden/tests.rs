use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use domain::fact::Stream;

use super::*;
use crate::schema::{self, DecodeError, Kind};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// The samples of today's newest shapes, by the name of their file.
fn by_file() -> BTreeMap<String, Vec<Event>> {
    let mut files = BTreeMap::<_, Vec<_>>::new();
    for event in samples() {
        let revision = schema::encode(&event, &mut Vec::new()).revision;
        files.entry(format!("{}.v{revision}.hex", event.name())).or_default().push(event);
    }
    files
}

/// A file for these events: of each a line that says it, then its bytes.
fn written(events: &[Event]) -> String {
    let entry = |event: &Event| {
        let mut bytes = Vec::new();
        let kind = schema::encode(event, &mut bytes);
        format!("# {} v{}: {}\n{}\n", event.name(), kind.revision, said(event), hex(&bytes))
    };
    events.iter().map(entry).collect()
}

fn said(event: &Event) -> String {
    match event {
        Event::User(_, event) => format!("{event:?}"),
        Event::Session(_, event) => format!("{event:?}"),
        Event::System(event) => format!("{event:?}"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "whole bytes");
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The file's text. With `MUSTER_WRITE_GOLDEN=1` a file that is missing is written first; one that
/// is there never is.
pub(crate) fn golden(file: &str, text: impl FnOnce() -> String) -> String {
    let path = directory().join(file);
    if !path.exists() && env::var_os("MUSTER_WRITE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(&path, text()).unwrap();
    }
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{file}: {error}; `cargo xtask golden` writes it"))
}

/// The bytes that a golden file holds.
pub(crate) fn entries(text: &str) -> Vec<Vec<u8>> {
    text.lines().filter(|line| !line.starts_with('#')).map(unhex).collect()
}

#[test]
fn golden_bytes_decode_and_reencode() {
    for (file, events) in by_file() {
        let kept = entries(&golden(&file, || written(&events)));
        assert_eq!(kept.len(), events.len(), "{file} has an entry for each sample");
        for (event, bytes) in events.iter().zip(kept) {
            let mut now = Vec::new();
            let kind = schema::encode(event, &mut now);
            assert_eq!(hex(&now), hex(&bytes), "{file}: {event:?}");
            let decoded = schema::decode(event.stream(), kind, &bytes).unwrap();
            assert_eq!(&decoded, event, "{file}");
        }
    }
}

#[test]
fn every_golden_file_still_decodes() {
    for entry in fs::read_dir(directory()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if file == "record.v1.hex" {
            continue;
        }
        let (name, revision) = file.strip_suffix(".hex").unwrap().rsplit_once(".v").unwrap();
        let sample = samples().into_iter().find(|event| event.name() == name);
        let sample = sample.unwrap_or_else(|| panic!("{file} is of no event"));
        let tag = schema::encode(&sample, &mut Vec::new()).tag;
        let kind = Kind { tag, revision: revision.parse().unwrap() };
        for bytes in entries(&fs::read_to_string(directory().join(&file)).unwrap()) {
            let decoded = schema::decode(sample.stream(), kind, &bytes).unwrap();
            assert_eq!(decoded.name(), name, "{file}");
        }
    }
}

#[test]
fn every_kind_has_a_sample_and_can_be_decoded() {
    let sampled: BTreeSet<Kind> =
        samples().iter().map(|event| schema::encode(event, &mut Vec::new())).collect();
    let mut declared: Vec<Kind> = schema::kinds().collect();
    declared.sort_unstable();
    let distinct: BTreeSet<_> = declared.iter().collect();
    assert_eq!(distinct.len(), declared.len(), "a tag is there twice");
    let newest: BTreeMap<u16, Kind> = declared.iter().map(|kind| (kind.tag, *kind)).collect();
    assert!(sampled.iter().eq(newest.values()), "samples are of the newest shapes: {sampled:?}");

    let streams = [Stream::User(USER), Stream::Session(SESSION), Stream::System];
    let decodable = |tag, revision| {
        let kind = Kind { tag, revision };
        streams.iter().any(|stream| {
            !matches!(
                schema::decode(*stream, kind, &[]),
                Err(DecodeError::UnknownKind(_) | DecodeError::WrongStream(_))
            )
        })
    };
    let mut known = Vec::new();
    for tag in 0..=u16::MAX {
        known.extend(
            (0..4)
                .map(|revision| Kind { tag, revision })
                .filter(|kind| decodable(kind.tag, kind.revision)),
        );
    }
    assert_eq!(known, declared);
}

#[test]
fn every_sample_of_a_name_has_one_tag_and_tags_have_one_name() {
    let pairs: BTreeSet<(u16, &str)> = samples()
        .iter()
        .map(|event| (schema::encode(event, &mut Vec::new()).tag, event.name()))
        .collect();
    assert_eq!(pairs.iter().map(|(tag, _)| tag).collect::<BTreeSet<_>>().len(), pairs.len());
    assert_eq!(pairs.iter().map(|(_, name)| name).collect::<BTreeSet<_>>().len(), pairs.len());
}

#[test]
fn a_tag_of_another_kind_of_stream_is_refused() {
    let locked = Kind { tag: 9, revision: 1 };
    let refused = schema::decode(Stream::System, locked, &[]);
    assert_eq!(refused, Err(DecodeError::WrongStream(locked)));
}

#[test]
fn an_unknown_kind_is_refused() {
    for (tag, revision) in [(9, 2), (9, 0), (255, 1), (511, 1), (1_023, 1), (0, 1)] {
        let kind = Kind { tag, revision };
        let refused = schema::decode(Stream::User(USER), kind, &[]);
        assert_eq!(refused, Err(DecodeError::UnknownKind(kind)));
    }
}

#[test]
fn cut_or_lengthened_bytes_are_refused() {
    for event in samples() {
        let mut bytes = Vec::new();
        let kind = schema::encode(&event, &mut bytes);
        for length in 0..bytes.len() {
            let cut = schema::decode(event.stream(), kind, &bytes[..length]);
            assert!(cut.is_err(), "{event:?} cut to {length}");
        }
        bytes.push(0);
        let longer = schema::decode(event.stream(), kind, &bytes);
        assert_eq!(longer, Err(DecodeError::Trailing { bytes: 1 }), "{event:?}");
    }
}

/// The rows of the table in `docs/events.md`: tag, name, and whether the event is coded.
fn documented() -> BTreeMap<u16, (String, bool)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.md");
    let text = fs::read_to_string(path).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let (Ok(tag), Some(last)) = (cells[0].parse::<u16>(), cells.last()) else { continue };
        let coded = match last.trim_matches('`') {
            "now" => true,
            "later" => false,
            other => panic!("tag {tag} is coded {other:?}, which is neither now nor later"),
        };
        let name = cells[1].trim_matches('`').to_owned();
        assert!(rows.insert(tag, (name, coded)).is_none(), "tag {tag} is documented twice");
    }
    rows
}

#[test]
fn the_list_of_events_is_the_coded_one() {
    let coded: BTreeMap<u16, String> = samples()
        .iter()
        .map(|event| (schema::encode(event, &mut Vec::new()).tag, event.name().to_owned()))
        .collect();
    let mut promised = documented();
    promised.retain(|_, (_, coded)| *coded);
    let promised: BTreeMap<u16, String> =
        promised.into_iter().map(|(tag, (name, _))| (tag, name)).collect();
    assert_eq!(promised, coded);
}
