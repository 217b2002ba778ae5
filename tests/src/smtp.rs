//! An SMTP server (RFC 5321) that keeps what it is sent, or behaves as badly as it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long a mail may take to arrive on a busy machine.
const ARRIVAL_TIME_MAX: Duration = Duration::from_mins(1);

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes every mail.
    Accept,
    /// Has no such mailbox, whichever it is.
    NoSuchMailbox,
    /// Takes none at the moment.
    Busy,
    /// Greets nobody, and keeps the connection.
    Stall,
    /// Hangs up in the middle of a mail.
    HangUp,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Received {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
}

/// The server; it ends with the process.
#[derive(Clone)]
pub struct Smtp {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    told: Mutex<Told>,
    /// A mail or a connection.
    came: Condvar,
}

struct Told {
    manner: Manner,
    mails: Vec<Received>,
    /// Connections that were opened.
    visits: u32,
}

impl Smtp {
    /// Starts one that behaves so.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let told = Told { manner, mails: Vec::new(), visits: 0 };
        let state = Arc::new(State { told: Mutex::new(told), came: Condvar::new() });
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&serving);
                std::thread::spawn(move || drop(state.talk(&stream)));
            }
        });
        Self { address, state }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// It behaves so from the next connection on.
    pub fn behave(&self, manner: Manner) {
        self.state.told().manner = manner;
    }

    /// Waits until this many mails were taken, and returns all of them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let (told, in_time) = self.state.wait(|told| told.mails.len() >= count);
        assert!(in_time, "{} of {count} mails came", told.mails.len());
        told.mails.clone()
    }

    /// Waits until it was visited this often.
    #[track_caller]
    pub fn wait_for_visits(&self, count: u32) {
        let (told, in_time) = self.state.wait(|told| told.visits >= count);
        assert!(in_time, "{} of {count} visits", told.visits);
    }
}

impl State {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nothing panics while it holds this")
    }

    /// Waits until something is so; whether it came to be in time.
    fn wait(&self, is_so: impl Fn(&Told) -> bool) -> (MutexGuard<'_, Told>, bool) {
        let waited =
            self.came.wait_timeout_while(self.told(), ARRIVAL_TIME_MAX, |told| !is_so(told));
        let (told, result) = waited.expect("nothing panics while it holds this");
        (told, !result.timed_out())
    }

    fn talk(&self, stream: &TcpStream) -> std::io::Result<()> {
        let manner = {
            let mut told = self.told();
            told.visits += 1;
            told.manner
        };
        self.came.notify_all();
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let mut out = stream;
        if manner == Manner::Stall {
            // Until the client gives up.
            return lines.by_ref().try_for_each(|line| line.map(drop));
        }
        write!(out, "220 sink\r\n")?;
        let (mut from, mut to) = (String::new(), Vec::new());
        while let Some(line) = lines.next().transpose()? {
            let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
            let rest = line.split_once(':').map_or("", |(_, rest)| rest);
            let mailbox = rest.trim().trim_start_matches('<');
            let mailbox = mailbox.split('>').next().unwrap_or_default().to_owned();
            match (verb.as_str(), manner) {
                ("EHLO", _) => write!(out, "250-sink\r\n250 8BITMIME\r\n")?,
                ("MAIL", Manner::Busy) => write!(out, "451 not now\r\n")?,
                ("RCPT", Manner::NoSuchMailbox) => write!(out, "550 no such mailbox\r\n")?,
                ("MAIL", _) => {
                    from = mailbox;
                    to.clear();
                    write!(out, "250 ok\r\n")?;
                }
                ("RCPT", _) => {
                    to.push(mailbox);
                    write!(out, "250 ok\r\n")?;
                }
                ("DATA", _) => {
                    write!(out, "354 go on\r\n")?;
                    let mut data = String::new();
                    while let Some(line) = lines.next().transpose()? {
                        if manner == Manner::HangUp {
                            return stream.shutdown(Shutdown::Both);
                        }
                        if line == "." {
                            break;
                        }
                        // RFC 5321, 4.5.2.
                        data.push_str(line.strip_prefix('.').unwrap_or(&line));
                        data.push('\n');
                    }
                    let mail = Received { from: from.clone(), to: to.clone(), data };
                    self.told().mails.push(mail);
                    write!(out, "250 taken\r\n")?;
                    self.came.notify_all();
                }
                ("QUIT", _) => {
                    write!(out, "221 bye\r\n")?;
                    return Ok(());
                }
                ("RSET" | "NOOP", _) => write!(out, "250 ok\r\n")?,
                _ => write!(out, "502 what?\r\n")?,
            }
        }
        Ok(())
    }
}

impl Received {
    /// A header's value; folded lines are joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.data.split_once("\n\n")?;
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Headers and body with quoted-printable undone (RFC 2045, 6.7), as far as ASCII goes.
    pub fn plain(&self) -> String {
        self.data.replace("=\n", "").replace("=3D", "=")
    }
}
