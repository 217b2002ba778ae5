//! sled damaged, foreign, lost or in somebody else's hands.

use super::*;

#[test]
fn a_lost_part_is_a_gap_and_is_never_answered_around() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 1000, 10);
    let held = log.held().unwrap();
    let lost = held.log().range(part_key(400, 0)..).next().unwrap().unwrap().0;
    held.log().remove(&lost).unwrap();
    let first = u64::from_be_bytes(lost[..8].try_into().unwrap());
    let gap = LogDamage::Gap { position: first };
    assert_eq!(log.record(first), Err(gap.clone()));
    assert_eq!(log.health(), Health::Damaged(gap.clone()));
    assert_eq!(log.record(1), Err(gap), "what is damaged answers no more");
}

#[test]
fn a_scan_over_a_lost_part_stops_at_the_gap() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 1000, 10);
    let held = log.held().unwrap();
    let lost = held.log().range(part_key(400, 0)..).next().unwrap().unwrap().0;
    held.log().remove(&lost).unwrap();
    let first = u64::from_be_bytes(lost[..8].try_into().unwrap());
    let mut seen = 0;
    let scanned = log.for_each(&mut |position, _| seen = position);
    assert_eq!(scanned, Err(LogDamage::Gap { position: first }));
    assert_eq!(seen, first - 1);
}

#[test]
fn a_value_with_a_wrong_checksum_is_damage_and_a_fresh_one_is_filled_from_the_start() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 200, 10);
    let mut filler = log.filler().unwrap();
    let held = log.held().unwrap();
    let (key, value) = held.log().first().unwrap().unwrap();
    let mut wrong = value.to_vec();
    wrong[6] ^= 1;
    held.log().insert(key, wrong).unwrap();
    drop(held);

    let damage = LogDamage::Checksum { tree: "log", position: 1 };
    assert_eq!(log.set_aside(STAMP), [], "nobody has met it yet");
    assert_eq!(log.record(1), Err(damage.clone()));
    assert_eq!(log.filled(), None);
    assert_eq!(filler.record(&record(201)), Err(damage.clone()));
    drop(filler);

    let to = scratch.0.join(format!("sled.broken-{STAMP}"));
    assert_eq!(log.set_aside(STAMP), [Notice::SetAside { why: damage, to }]);
    assert_eq!(log.set_aside(STAMP), [], "whoever comes second finds it done");
    assert_eq!(log.filled(), Some(0));
    fill(&log, 250, 9);
    holds_all(&log, 250);
}

#[test]
fn the_log_of_another_store_is_set_aside() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 20, 10);
    log.close().unwrap();
    let (log, notices) = Log::open(&scratch.sled(), *b"another store id", STAMP);
    let to = scratch.0.join(format!("sled.broken-{STAMP}"));
    assert_eq!(notices, [Notice::SetAside { why: LogDamage::OtherStore, to: to.clone() }]);
    assert_eq!(log.filled(), Some(0));
    drop(log);
    holds_all(&open(&to), 20);
}

#[test]
fn the_newest_two_that_were_set_aside_are_kept() {
    let scratch = Scratch::new();
    let foreign = scratch.0.join("sled.broken-by-hand");
    fs::create_dir(&foreign).unwrap();
    for (store, stamp) in [(1, 9), (2, 9), (3, 10), (4, 100)] {
        drop(Log::open(&scratch.sled(), [store; 16], stamp));
    }
    assert_eq!(scratch.broken(), ["sled.broken-10", "sled.broken-100", "sled.broken-by-hand"]);
}

#[test]
fn a_process_gives_sled_up_after_three_replacements() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    for stamp in 0..3 {
        log.distrust("compared".to_owned());
        assert!(matches!(log.set_aside(stamp)[0], Notice::SetAside { .. }));
        assert_eq!(log.filled(), Some(0));
    }
    log.distrust("compared".to_owned());
    assert!(matches!(log.set_aside(3)[..], [Notice::Without { .. }]));
    assert_eq!(log.filled(), None);
    assert!(matches!(log.filler().map(drop), Err(LogDamage::Without(_))));
}

#[test]
fn a_directory_that_cannot_be_made_leaves_the_store_without_sled() {
    let scratch = Scratch::new();
    let file = scratch.0.join("file");
    fs::write(&file, b"not a directory").unwrap();
    let (log, notices) = Log::open(&file.join("sled"), STORE, STAMP);
    assert!(matches!(notices[..], [Notice::Without { .. }]), "{notices:?}");
    assert_eq!(log.filled(), None);
    assert_eq!(log.record(1).map_err(|why| why.is_damage()), Err(false));
    assert_eq!(log.close(), Ok(()));
}

#[test]
fn a_file_in_the_place_of_the_directory_is_set_aside() {
    let scratch = Scratch::new();
    fs::write(scratch.sled(), b"not a directory").unwrap();
    let (log, notices) = Log::open(&scratch.sled(), STORE, STAMP);
    assert!(matches!(notices[..], [Notice::SetAside { .. }]), "{notices:?}");
    fill(&log, 30, 10);
    holds_all(&log, 30);
}

#[test]
fn a_panic_inside_is_damage_with_its_message() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    let held = log.held().unwrap();
    let asked = held.ask::<()>(|| panic!("assertion {}", "failed"));
    let damage = LogDamage::Panicked("assertion failed".to_owned());
    assert_eq!(asked, Err(damage.clone()));
    assert_eq!(log.health(), Health::Damaged(damage));
}

#[test]
fn a_wait_that_does_not_end_is_given_up() {
    let (never, waits) = std::sync::mpsc::channel::<()>();
    let limit = Duration::from_millis(10);
    let waited = contain::within(limit, move || waits.recv().is_ok());
    assert_eq!(waited, Err(LogDamage::Hung { secs: 0 }));
    drop(never);
}

#[test]
fn a_sled_somebody_else_has_open_is_left_alone() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 20, 10);
    let (second, notices) = Log::open(&scratch.sled(), STORE, STAMP);
    assert!(matches!(notices[..], [Notice::Without { .. }]), "{notices:?}");
    assert_eq!(second.filled(), None);
    holds_all(&log, 20);
    assert_eq!(scratch.broken(), [""; 0]);
}

/// Whatever byte of sled's files is wrong, an answer is right or there is none.
#[test]
fn a_flipped_byte_in_any_file_is_never_a_wrong_answer() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 2000, 10);
    log.close().unwrap();
    // Once more, so that there is a snapshot over the data beside data over the snapshot.
    let log = open(&scratch.sled());
    fill(&log, 3000, 10);
    log.close().unwrap();

    let files: Vec<_> = fs::read_dir(scratch.sled())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    let mut set_aside = 0;
    for name in &files {
        let whole = fs::read(scratch.sled().join(name)).unwrap();
        let tries = if name == held::DB_FILE { 40 } else { 8 };
        for n in 0..tries {
            let offset = whole.len() * n / tries + n * n % 97 % whole.len().min(7);
            let damaged = Scratch::new();
            copy(&scratch.sled(), &damaged.sled());
            let mut bytes = whole.clone();
            bytes[offset] ^= 1 << (n % 8);
            fs::write(damaged.sled().join(name), &bytes).unwrap();
            set_aside += u32::from(damaged_or_right(&damaged));
        }
    }
    assert!(set_aside > 0, "no flip was ever noticed");
}

/// Reads everything; true if damage was found, and then a fresh one serves.
fn damaged_or_right(scratch: &Scratch) -> bool {
    let (log, notices) = Log::open(&scratch.sled(), STORE, STAMP);
    let mut found = !notices.is_empty();
    let filled = log.filled().expect("a fresh one can always be made here");
    if found {
        assert_eq!(filled, 0, "{notices:?}");
    }
    let mut check = |position, bytes: &[u8]| assert_eq!(bytes, record(position));
    let frames = |first, bytes: &[u8]| assert_eq!(bytes, header(first));
    let scanned = log.for_each(&mut check).and_then(|()| log.for_each_frame(&mut { frames }));
    if scanned.is_err() {
        assert!(matches!(log.set_aside(STAMP)[0], Notice::SetAside { .. }));
        assert_eq!(log.filled(), Some(0));
        found = true;
    }
    fill(&log, 3010, 100);
    holds_all(&log, 3010);
    found
}

#[test]
fn a_sled_that_the_disk_refused_a_write_stays_and_is_taken_up_again() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 100, 10);
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let why = log.held().unwrap().spoil(held::failed(full));
    assert!(matches!(why, LogDamage::Refused(_)), "{why}");
    assert!(!log.is_waiting(), "nobody has met it yet");
    let told = log.set_aside(STAMP);
    assert!(matches!(told[..], [Notice::Waiting { .. }]), "{told:?}");
    assert_eq!((log.filled(), scratch.broken()), (None, Vec::new()));

    assert_eq!(log.begin_again(STAMP), [], "too early");
    assert!(log.is_waiting());
    assert_eq!(log.begin_again(STAMP + AGAIN_SECS_MIN), [Notice::Again]);
    assert!(!log.is_waiting());
    holds_all(&log, 100);
    fill(&log, 150, 10);
    holds_all(&log, 150);
    assert_eq!(log.begin_again(STAMP + 100), [], "there is nothing to wait for");
}

#[test]
fn only_a_disk_that_takes_no_more_is_waited_for() {
    use std::io::ErrorKind;
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::ReadOnlyFilesystem] {
        assert!(matches!(held::failed(std::io::Error::from(kind)), LogDamage::Refused(_)));
    }
    for kind in [ErrorKind::Other, ErrorKind::UnexpectedEof, ErrorKind::PermissionDenied] {
        assert!(matches!(held::failed(std::io::Error::from(kind)), LogDamage::Failed(_)));
    }
}

#[test]
fn what_is_waited_for_and_turns_out_damaged_is_set_aside() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    fill(&log, 100, 10);
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    log.held().unwrap().spoil(held::failed(full));
    log.set_aside(STAMP);
    assert!(matches!(log.health(), Health::Without(_)));
    assert_eq!(log.set_aside(STAMP), [], "waiting is no damage");
    drop(open_another(&scratch));
    let told = log.begin_again(STAMP + AGAIN_SECS_MIN);
    assert!(matches!(told[..], [Notice::SetAside { why: LogDamage::OtherStore, .. }]), "{told:?}");
    fill(&log, 150, 9);
    holds_all(&log, 150);
}

/// Puts the sled of another store in the place of this one.
fn open_another(scratch: &Scratch) -> Log {
    fs::remove_dir_all(scratch.sled()).unwrap();
    Log::open(&scratch.sled(), *b"another store id", STAMP).0
}

#[test]
fn each_notice_says_what_was_done() {
    let (path, why) = (PathBuf::from("sled.broken-1"), "no luck".to_owned());
    let said = |notice: Notice| notice.to_string();
    let aside = Notice::SetAside { why: LogDamage::OtherStore, to: path.clone() };
    assert_eq!(
        said(aside),
        "sled holds the log of another store; set aside as sled.broken-1, filled anew from the \
         journal"
    );
    assert!(said(Notice::Removed { path: path.clone() }).contains("removed sled.broken-1"));
    assert!(
        said(Notice::Left { path, why: why.clone() }).contains("remove sled.broken-1: no luck")
    );
    assert!(said(Notice::Without { why: why.clone() }).contains("without sled"));
    assert!(said(Notice::Waiting { why }).contains("(no luck); working from the journal until"));
    assert!(said(Notice::Again).contains("in use"));
}

#[test]
fn a_long_record_that_lost_a_piece_is_a_gap() {
    let scratch = Scratch::new();
    let log = open(&scratch.sled());
    let mut filler = log.filler().unwrap();
    filler.frame(&header(1)).unwrap();
    filler.record(&[7; 10_000]).unwrap();
    filler.sync().unwrap();
    drop(filler);
    assert_eq!(log.record(1), Ok(vec![7; 10_000]));
    assert!(log.held().unwrap().log().remove(part_key(1, 1)).unwrap().is_some());
    assert_eq!(log.record(1), Err(LogDamage::Gap { position: 1 }));
}

type Ask = fn(&Log) -> Result<(), LogDamage>;

#[test]
fn a_frame_header_with_a_wrong_checksum_is_damage() {
    let ask: [Ask; 2] = [|log| log.frame(11).map(drop), |log| log.for_each_frame(&mut |_, _| {})];
    for ask in ask {
        let scratch = Scratch::new();
        let log = open(&scratch.sled());
        fill(&log, 30, 10);
        assert_eq!(ask(&log), Ok(()));
        let held = log.held().unwrap();
        let mut wrong = held.frames().get(11u64.to_be_bytes()).unwrap().unwrap().to_vec();
        wrong[3] ^= 1;
        held.frames().insert(11u64.to_be_bytes(), wrong).unwrap();
        drop(held);
        let damage = LogDamage::Checksum { tree: held::FRAMES_TREE, position: 11 };
        assert_eq!(ask(&log), Err(damage.clone()));
        assert_eq!(log.health(), Health::Damaged(damage));
    }
}
