//! What is found in a damaged journal, and what is written from it.

use super::*;
use crate::journal::salvage::{Wreck, owners};

/// A journal of several segments, some of whose writes failed and left dead frames.
fn with_dead_frames() -> (Fixture, Head, Records) {
    let fixture = Fixture::new(16 * KIB);
    let mut journal = fixture.create();
    let mut all = fill(&mut journal, 60);
    fixture.disk.fail_when(|_, op| op == Op::Sync);
    let next = journal.head().position + 1;
    assert!(append(&mut journal, [record(999, 300), record(998, 300)]).is_err(), "dead");
    fixture.disk.recover();
    append(&mut journal, [record(next, 700)]).unwrap();
    all.push((next, record(next, 700)));
    all.extend(fill(&mut journal, 140));
    (fixture, journal.head(), all)
}

fn survey(fixture: &Fixture) -> Wreck {
    Wreck::survey(fixture.disk(), &fixture.dir(), fixture.whose.store).unwrap()
}

/// The frames that follow each other from the first on.
fn chain(wreck: &Wreck) -> (Vec<SoundFrame>, Head) {
    let (mut tree, mut frames) = (Peaks::empty(), Vec::new());
    loop {
        let head = Head { position: tree.count(), root: tree.root() };
        let found = wreck.frames_at(head.position + 1).unwrap();
        let Some(frame) = found.into_iter().find(|frame| frame.follows(&head)) else {
            return (frames, head);
        };
        frame.grow(&mut tree);
        frames.push(frame);
    }
}

#[test]
fn every_live_frame_is_found_and_no_dead_one() {
    let (fixture, head, _) = with_dead_frames();
    let wreck = survey(&fixture);
    let (frames, end) = chain(&wreck);
    assert_eq!(end, head);
    let counted: u64 = frames.iter().map(|frame| u64::from(frame.header.count)).sum();
    assert_eq!(wreck.beyond(1), (counted, head.position), "dead frames are not counted");
    assert_eq!(owners(&*fixture.disk(), &fixture.dir()).unwrap(), [fixture.whose]);
}

#[test]
fn what_only_a_missing_header_gave_up_is_doubted() {
    let (fixture, _, all) = with_dead_frames();
    // The turn that failed came after 60 that did not.
    let begins = all[60].0;
    let begun = |number: &u32| {
        let header = SegmentHeader::decode(fixture.bytes(*number).first_chunk().unwrap());
        header.is_ok_and(|header| header.first_position() == begins)
    };
    let taker = (1..=9).find(begun).expect("a segment takes over where the write failed");
    assert!(!survey(&fixture).may_be_dead(begins), "it says so itself");
    std::fs::remove_file(segment_path(&fixture.dir(), taker)).unwrap();
    let wreck = survey(&fixture);
    assert!(wreck.may_be_dead(begins), "segment {taker} was begun, and is not there");
    assert_eq!(wreck.frames_at(begins).unwrap()[0].header.count, 2, "that of the turn that failed");
    assert!(!wreck.may_be_dead(10_000), "where there is no frame there is no doubt");
}

#[test]
fn whatever_sector_is_lost_all_before_it_is_found_and_most_behind_it() {
    let (fixture, head, _) = with_dead_frames();
    let (frames, _) = chain(&survey(&fixture));
    for number in 1..=3 {
        let sound = fixture.bytes(number);
        for sector in 0..sound.len() / SECTOR_BYTES {
            fixture.edit(number, |bytes| {
                bytes[sector * SECTOR_BYTES..][..SECTOR_BYTES].fill(0xA5);
            });
            let wreck = survey(&fixture);
            let (found, end) = chain(&wreck);
            assert_eq!(found, frames[..found.len()], "segment {number}, sector {sector}");
            if end != head {
                let (facts, last) = wreck.beyond(end.position + 1);
                assert_eq!(last, head.position, "segment {number}, sector {sector}");
                let gone = head.position - end.position - facts;
                assert!((1..=3).contains(&gone), "one frame is lost, not {gone} facts");
            }
            fixture.edit(number, |bytes| bytes.copy_from_slice(&sound));
        }
    }
}

#[test]
fn a_journal_that_is_rewritten_has_the_same_frames_and_root() {
    let (fixture, head, all) = with_dead_frames();
    let (frames, _) = chain(&survey(&fixture));
    let fresh = fixture.root.path().join("fresh");
    std::fs::create_dir(&fresh).unwrap();
    std::fs::write(fresh.join("00000001.mj"), b"left by one that broke off").unwrap();
    let settings = Settings { segment_bytes: 32 * KIB, ..fixture.settings };
    let mut rewrite = Rewrite::begin(fixture.disk(), &fresh, settings.segment_bytes).unwrap();
    for frame in &frames {
        rewrite.push(frame).unwrap();
    }
    assert_eq!(rewrite.finish().unwrap(), head);
    let (reader, end) =
        JournalReader::open(fixture.disk(), &fresh, fixture.whose, settings, None).unwrap();
    assert_eq!(end, End::Clean);
    assert_eq!(reader.records(1, head.position).unwrap(), all);
    let verified = reader.verify(|_| Ok::<(), JournalError>(())).unwrap();
    assert_eq!((verified.head, verified.frames), (head, frames.len() as u64));
    assert_eq!(verified.dead, [], "dead frames stay behind");
}
