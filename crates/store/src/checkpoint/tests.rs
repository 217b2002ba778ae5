use super::*;

const ORIGIN: Origin = Origin { store_id: [0xA5; 16], epoch: 3 };

fn signer() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed")
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: ORIGIN, size: 1_234, root: [9; 32] }
}

fn key() -> VerifierKey {
    public(&signer(), ORIGIN)
}

#[test]
fn a_signed_checkpoint_is_believed_by_its_key_and_no_other() {
    let note = sign(&checkpoint(), &signer());
    assert_eq!(key().open(&note), Ok(checkpoint()));
    assert_eq!(claimed(&note), Ok(checkpoint()));
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a seed");
    let by = key().name().to_owned();
    let fault = NoteFault::NotSigned { key: by.clone(), by };
    assert_eq!(public(&stranger, ORIGIN).open(&note), Err(fault));
    let earlier = public(&signer(), Origin { epoch: 2, ..ORIGIN });
    assert!(matches!(earlier.open(&note), Err(NoteFault::NotSigned { .. })));
    assert_eq!(earlier.open_of_any_epoch(&note), Ok(checkpoint()));
    let other = public(&signer(), Origin { store_id: [1; 16], ..ORIGIN });
    assert!(matches!(other.open_of_any_epoch(&note), Err(NoteFault::NotSigned { .. })));
}

#[test]
fn no_letter_of_a_signed_checkpoint_can_be_changed() {
    let note = sign(&checkpoint(), &signer());
    for (at, byte) in note.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_graphic()) {
        let mut changed = note.clone().into_bytes();
        changed[at] = if byte == b'z' { b'y' } else { b'z' };
        let changed = String::from_utf8(changed).expect("ASCII in place of ASCII");
        assert!(key().open(&changed).is_err(), "{changed}");
    }
    for end in (0..note.len()).filter(|end| note.is_char_boundary(*end)) {
        assert!(key().open(&note[..end]).is_err(), "{}", &note[..end]);
    }
}

#[test]
fn signatures_of_others_stand_beside_ours_and_count_for_nothing() {
    let note = sign(&checkpoint(), &signer());
    let other = format!("{SIGNATURE_MARK}witness.example {}\n", BASE64.encode([1; 68]));
    assert_eq!(key().open(&format!("{note}{other}")), Ok(checkpoint()));
    let text = checkpoint().text();
    let alone = key().open(&format!("{text}\n{other}"));
    let fault =
        NoteFault::NotSigned { key: key().name().to_owned(), by: "witness.example".to_owned() };
    assert_eq!(alone, Err(fault));
    let forged = BASE64.encode([key().id().as_slice(), &[1; 64]].concat());
    let forged = format!("{note}{SIGNATURE_MARK}{} {forged}\n", key().name());
    let fault = NoteFault::BadSignature { key: key().name().to_owned() };
    assert_eq!(key().open(&forged), Err(fault));
}

#[test]
fn a_checkpoint_of_another_log_is_not_taken_for_one_of_this() {
    // A key may sign what it likes; that does not make it another log's checkpoint.
    let foreign = Checkpoint { origin: Origin { epoch: 4, ..ORIGIN }, ..checkpoint() };
    let mut note = foreign.text();
    let signature = signer().sign(note.as_bytes());
    let signature = BASE64.encode([key().id().as_slice(), signature.as_ref()].concat());
    writeln!(note, "\n{SIGNATURE_MARK}{} {signature}", key().name()).expect("text grows");
    let fault = NoteFault::OtherLog { of: foreign.origin, key: key().name().to_owned() };
    assert_eq!(key().open(&note), Err(fault));
}

#[test]
fn a_key_is_read_as_it_was_written_and_a_slip_of_the_hand_is_noticed() {
    let text = key().to_string();
    assert_eq!(text.parse(), Ok(key()));
    assert_eq!(format!(" {text}\n").parse(), Ok(key()), "as a shell or a file hands it on");
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(changed.parse::<VerifierKey>(), Err(NoteFault::NoKey), "{changed}");
        assert_eq!(text[..at].parse::<VerifierKey>(), Err(NoteFault::NoKey));
    }
}

/// The example of Go's `golang.org/x/mod/sumdb/note`, which C2SP's format grew out of.
#[test]
fn keys_and_signatures_are_those_of_the_note_format() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: VerifierKey = key.parse().expect("a key");
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let note = format!("{text}\n\u{2014} PeterNeumann {signature}\n");
    // The signature is good; what it is about is no checkpoint.
    assert!(matches!(key.open(&note), Err(NoteFault::Malformed(_))), "{:?}", key.open(&note));
    let changed = note.replace("think", "thimk");
    let fault = NoteFault::BadSignature { key: "PeterNeumann".to_owned() };
    assert_eq!(key.open(&changed), Err(fault));
}

#[test]
fn what_is_no_checkpoint_is_told_why() {
    for (text, fault) in [
        ("muster\n1\n", NoteFault::Malformed("a checkpoint has at least three lines")),
        ("muster\n01\nAA\n", NoteFault::Malformed("the second line of a checkpoint is a number")),
        ("muster\n1\nAA==\n", NoteFault::Malformed("the third line of a checkpoint is a root")),
    ] {
        assert_eq!(Checkpoint::parse(text), Err(fault), "{text}");
    }
    let root = BASE64.encode([0; 32]);
    for origin in
        ["go.sum database tree", "muster/a5/1", "muster/A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5/1"]
    {
        let text = format!("{origin}\n1\n{root}\n");
        assert_eq!(Checkpoint::parse(&text), Err(NoteFault::NotMuster), "{text}");
    }
}
