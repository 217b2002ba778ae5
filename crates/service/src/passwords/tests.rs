//! The hashes were made with argon2-cffi 25.1.0 (Python, over the C reference implementation):
//! `argon2.low_level.hash_secret(password, salt, time_cost=…, memory_cost=…, …)`.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::*;

const PASSWORD: &str = "correct horse battery staple";
const SALT: [u8; SALT_BYTES] = *b"0123456789abcdef";
const STANDARD: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    gy5SuVm5Z7Vw7keB9se9p87QGcomaseB/S2U1OhTsM0";
/// Of "pässwörd".
const NOT_ASCII: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    yxo0u725ht/u+ArqyyL37VGxPOyFMvsz2eBUq2J6aH8";
const SMALL: &str = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    aq42HBL+IPAitHspChw/8mx5JRX2jFDkTmlsBskwH/0";
/// RFC 9106's second recommendation: more memory than a thread keeps, and four lanes.
const LARGE: &str = "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$\
    77UfmnZYT23WpPeUKhovauWm5OxRQv9nTf1dJ+tF5EY";
const ARGON2I: &str = "$argon2i$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    a4Vmb8BztzJQAjar4pBJac3RHJRwOM41W0GNxOaaUsU";
const ARGON2D: &str = "$argon2d$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    Cf3NC7ZsaYNX5q9sUcGzUPCHq7OOF5v68+nfT05GFXc";
const VERSION_16: &str = "$argon2id$v=16$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    /4B9IQLNXUwqaY0TRpcIkX0VsyAGGSQr5jo467LMJc0";
const NO_VERSION: &str = "$argon2id$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    /4B9IQLNXUwqaY0TRpcIkX0VsyAGGSQr5jo467LMJc0";
const SHORT_OUTPUT: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
    xX1/9JMV918lxkoNEdQnyQ";
const SHORT_SALT: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$\
    269AEwl1G187DlRl7uWM4agPUZ1gCSaZaShUqPfDu/E";

const RIGHT: Verdict = Verdict { matches: true, weaker: false };
const RIGHT_BUT_WEAKER: Verdict = Verdict { matches: true, weaker: true };
const WRONG: Verdict = Verdict { matches: false, weaker: false };

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

/// The cheapest Argon2 there is, for tests that are not about the hash.
fn cheap() -> Cost {
    Cost::new(8, 1, 1).unwrap()
}

fn started(cost: Cost) -> Passwords {
    Passwords::start_joinable(cost, Some(1), 4, None).unwrap().0
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn a_hash_is_the_one_that_the_reference_implementation_makes() {
    let passwords = started(Cost::STANDARD);
    assert_eq!(passwords.hash(secret(PASSWORD), SALT).await.unwrap(), STANDARD);
    assert_eq!(passwords.hash(secret("pässwörd"), SALT).await.unwrap(), NOT_ASCII);
    let passwords = started(Cost::new(64, 1, 1).unwrap());
    assert_eq!(passwords.hash(secret(PASSWORD), SALT).await.unwrap(), SMALL);
}

#[tokio::test]
async fn the_right_password_matches_and_a_wrong_one_does_not() {
    let passwords = started(Cost::STANDARD);
    assert_eq!(passwords.verify(secret(PASSWORD), STANDARD).await, Ok(RIGHT));
    for wrong in ["", "correct horse battery stapl", "Correct horse battery staple"] {
        assert_eq!(passwords.verify(secret(wrong), STANDARD).await, Ok(WRONG), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_hash_that_is_weaker_in_any_way_still_matches_and_is_flagged() {
    let passwords = started(Cost::STANDARD);
    let weaker = [SMALL, ARGON2I, ARGON2D, VERSION_16, NO_VERSION, SHORT_OUTPUT, SHORT_SALT];
    for phc in weaker {
        assert_eq!(passwords.verify(secret(PASSWORD), phc).await, Ok(RIGHT_BUT_WEAKER), "{phc}");
        assert!(!passwords.verify(secret("wrong"), phc).await.unwrap().matches, "{phc}");
    }
}

#[tokio::test]
async fn a_costlier_hash_matches_and_is_not_flagged() {
    let passwords = started(Cost::STANDARD);
    assert_eq!(passwords.verify(secret(PASSWORD), LARGE).await, Ok(RIGHT));
    // The memory that the thread keeps is not disturbed by the larger hash between.
    assert_eq!(passwords.verify(secret(PASSWORD), STANDARD).await, Ok(RIGHT));
}

#[tokio::test]
async fn raising_todays_cost_makes_yesterdays_hashes_weaker() {
    for dearer in [Cost::new(65, 1, 1), Cost::new(64, 2, 1)] {
        let passwords = started(dearer.unwrap());
        assert_eq!(passwords.verify(secret(PASSWORD), SMALL).await, Ok(RIGHT_BUT_WEAKER));
    }
    let passwords = started(Cost::new(64, 1, 1).unwrap());
    assert_eq!(passwords.verify(secret(PASSWORD), SMALL).await, Ok(RIGHT));
}

#[tokio::test]
async fn a_hash_beyond_the_limits_is_refused_instead_of_computed() {
    let passwords = started(cheap());
    let rest = "MDEyMzQ1Njc4OWFiY2RlZg$gy5SuVm5Z7Vw7keB9se9p87QGcomaseB/S2U1OhTsM0";
    let memory = format!("$argon2id$v=19$m={},t=1,p=1${rest}", MEMORY_KIB_MAX + 1);
    let passes = format!("$argon2id$v=19$m=64,t={},p=1${rest}", u32::MAX);
    for phc in [memory, passes] {
        let refused = passwords.verify(secret(PASSWORD), &phc).await;
        assert_eq!(refused, Err(VerifyError::TooCostly), "{phc}");
    }
}

#[tokio::test]
async fn a_text_that_is_no_argon2_hash_is_refused() {
    let passwords = started(cheap());
    let bcrypt = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW";
    let no_output = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg";
    let unknown_version = STANDARD.replace("v=19", "v=20");
    let no_memory = STANDARD.replace("m=19456", "m=7");
    for text in ["", "$", "secret", bcrypt, no_output, &unknown_version, &no_memory] {
        let refused = passwords.verify(secret(PASSWORD), text).await;
        assert_eq!(refused, Err(VerifyError::NotArgon2), "{text:?}");
    }
}

#[test]
fn a_cost_that_is_impossible_or_beyond_the_limits_is_refused() {
    let too_much = [(MEMORY_KIB_MAX + 1, 1, 1), (MEMORY_KIB_MAX, 5, 1), (8, u32::MAX, 1)];
    let impossible = [(7, 1, 1), (8, 0, 1), (8, 1, 0), (15, 1, 2)];
    for (memory_kib, passes, lanes) in too_much.into_iter().chain(impossible) {
        assert!(Cost::new(memory_kib, passes, lanes).is_err(), "{memory_kib} {passes} {lanes}");
    }
    assert!(Cost::new(MEMORY_KIB_MAX, 4, 1).is_ok());
    assert_eq!(Cost::new(19456, 2, 1), Ok(Cost::STANDARD));
}

#[test]
fn checking_for_nobody_or_against_nonsense_queues_the_work_of_a_check_at_todays_cost() {
    let cost = Cost::new(64, 3, 2).unwrap();
    let (queue, jobs) = Queue::new(3);
    let passwords = Passwords::over(cost, queue);
    let expected = Recipe::new(cost, [0; SALT_BYTES]);
    let output = passwords.0.nobody.output;
    let todays = Stored { recipe: expected.clone(), output }.to_phc();

    let mut real = pin!(passwords.verify(secret(PASSWORD), &todays));
    let mut dummy = pin!(passwords.verify_dummy(secret(PASSWORD)));
    let mut nonsense = pin!(passwords.verify(secret(PASSWORD), "nonsense"));
    assert!(poll(real.as_mut()).is_pending());
    assert!(poll(dummy.as_mut()).is_pending());
    assert!(poll(nonsense.as_mut()).is_pending());

    let queued = [pool::next(&jobs), pool::next(&jobs), pool::next(&jobs)];
    for job in queued {
        assert_eq!(job.unwrap().recipe, expected);
    }
}

#[tokio::test]
async fn nobodys_password_is_always_wrong() {
    let passwords = started(cheap());
    for password in ["", PASSWORD] {
        assert_eq!(passwords.verify_dummy(secret(password)).await, Ok(WRONG));
    }
}

#[tokio::test]
async fn a_full_queue_answers_busy_and_those_in_it_are_served() {
    let (queue, jobs) = Queue::new(2);
    let passwords = Passwords::over(cheap(), queue);
    let mut first = pin!(passwords.hash(secret(PASSWORD), SALT));
    let mut second = pin!(passwords.hash(secret(PASSWORD), SALT));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(passwords.hash(secret(PASSWORD), SALT).await, Err(Busy));
    assert_eq!(passwords.verify(secret(PASSWORD), SMALL).await, Err(VerifyError::Busy(Busy)));
    assert_eq!(passwords.verify(secret(PASSWORD), "nonsense").await, Err(VerifyError::Busy(Busy)));
    assert_eq!(passwords.verify_dummy(secret(PASSWORD)).await, Err(Busy));

    pool::spawn(&jobs, 1, cheap().block_count()).unwrap();
    assert_eq!(first.await.unwrap(), second.await.unwrap());
    passwords.hash(secret(PASSWORD), SALT).await.unwrap();
}

#[test]
fn nobody_is_hashed_for_who_gave_up_waiting() {
    let (queue, jobs) = Queue::new(2);
    let passwords = Passwords::over(cheap(), queue);
    {
        let mut gone = pin!(passwords.hash(secret(PASSWORD), [b'g'; SALT_BYTES]));
        assert!(poll(gone.as_mut()).is_pending());
    }
    let mut waiting = pin!(passwords.hash(secret(PASSWORD), [b'w'; SALT_BYTES]));
    assert!(poll(waiting.as_mut()).is_pending());
    assert_eq!(pool::next(&jobs).unwrap().recipe.salt(), [b'w'; SALT_BYTES]);
}

#[tokio::test]
async fn a_hash_that_cannot_be_made_answers_instead_of_hanging() {
    let (queue, jobs) = Queue::new(1);
    let passwords = Passwords::over(cheap(), queue);
    let mut waiting = pin!(passwords.hash(secret(PASSWORD), SALT));
    assert!(poll(waiting.as_mut()).is_pending());
    drop(pool::next(&jobs));
    assert_eq!(waiting.await, Err(Busy));
}

#[tokio::test]
async fn the_threads_end_with_the_last_handle() {
    let (passwords, threads) = Passwords::start_joinable(cheap(), Some(3), 4, None).unwrap();
    let other = passwords.clone();
    drop(passwords);
    other.hash(secret(PASSWORD), SALT).await.unwrap();
    assert!(threads.iter().all(|thread| !thread.is_finished()));
    drop(other);
    assert_eq!(threads.len(), 3);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn there_is_a_thread_for_each_core_and_never_none() {
    let cores = std::thread::available_parallelism().unwrap().get();
    for (asked, started) in [(None, cores), (Some(0), 1), (Some(3), 3)] {
        let (_passwords, threads) = Passwords::start_joinable(cheap(), asked, 1, None).unwrap();
        assert_eq!(threads.len(), started);
    }
}

#[test]
fn a_password_is_never_printed() {
    let password = secret(PASSWORD);
    assert_eq!(format!("{password:?} {:?}", Some(&password)), "Secret Some(Secret)");
    assert_eq!(password.as_str(), PASSWORD);
}
