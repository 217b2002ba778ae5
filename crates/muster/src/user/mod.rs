//! `muster user`: what operators see and do of users. The work is that of routes under `/v1/local`;
//! here is what is asked, and how the answer is told.

mod access;
mod accounts;
mod credentials;
mod read;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use serde_json::Value;

use crate::Data;
use crate::client::Refused;
use crate::history;
use crate::output::plain;

/// List, show, create, change and delete users; open and end their sessions.
#[derive(Debug, Args)]
#[command(
    after_help = "USER is a user name, a ULID, or a Zato user id. Whoever can reach the data \
directory may do all this; facts say who it was."
)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List users in the order of their birth.
    #[command(after_help = "Example:\n  muster user list --json")]
    List {
        #[command(flatten)]
        data: Data,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one user, as it is or as it was.
    #[command(after_help = "Examples:\n  muster user show ada\n  muster user show ada --as-of \
2031-02-03T04:05:06Z")]
    Show(Then),
    /// List the attributes of a user, as they are or as they were.
    #[command(
        after_help = "Examples:\n  muster user attributes ada\n  muster user attributes ada --as-of 1234 \
--json\n\nValues that their owner wants encrypted are not shown, nor are very long ones."
    )]
    Attributes(Then),
    /// Create a regular user, who may log in at once.
    #[command(
        after_help = "Examples:\n  muster user create ada --email ada@example.com\n  printf %s \
\"$PASSWORD\" | muster user create ada --password-stdin\n\nWithout --password-stdin the password is \
asked for, twice, and not shown. No option takes it: everybody on the machine can read the arguments \
of a process."
    )]
    Create(accounts::New),
    /// Create a super-user, who may manage everybody.
    #[command(
        after_help = "Example:\n  printf %s \"$PASSWORD\" | muster user create-super-user grace \
--password-stdin\n\nWithout --password-stdin the password is asked for, twice, and not shown. No \
option takes it: everybody on the machine can read the arguments of a process."
    )]
    CreateSuperUser(accounts::New),
    /// Delete a user with all sessions, attributes and links; the history stays.
    #[command(after_help = "Example:\n  muster user delete ada --yes")]
    Delete {
        #[command(flatten)]
        whom: Whom,
        /// Do not ask whether to.
        #[arg(long)]
        yes: bool,
    },
    /// Lock a user: it cannot log in, and its sessions sleep.
    #[command(after_help = "Example:\n  muster user lock ada")]
    Lock(Whom),
    /// Unlock a user.
    #[command(after_help = "Example:\n  muster user unlock ada")]
    Unlock(Whom),
    /// Approve a user.
    #[command(after_help = "Example:\n  muster user approve ada")]
    Approve(Whom),
    /// Reject a user: it cannot log in; it is kept.
    #[command(after_help = "Example:\n  muster user reject ada")]
    Reject(Whom),
    /// Grant a user a right: from the next request on its tokens have it.
    #[command(
        after_help = "Example:\n  muster user grant eve auditor\n\nWho audits also needs a token: \
`muster user token add eve`."
    )]
    Grant(access::OfRight),
    /// Revoke a right of a user.
    #[command(after_help = "Example:\n  muster user revoke eve auditor")]
    Revoke(access::OfRight),
    /// Hand out, list and take away personal access tokens.
    #[command(subcommand)]
    Token(access::Token),
    /// Open a session for a user without the password, and print its token.
    #[command(
        after_help = "Example:\n  muster user login ada --json\n\nThe session is like any other; \
that it was opened at the command line, and by whom, is kept. A user that could not log in (locked, \
not approved, the password expired) gets none."
    )]
    Login(Whom),
    /// End a session by its token.
    #[command(
        after_help = "Example:\n  printf %s \"$UST\" | muster user logout --token-stdin\n\nEverybody \
on the machine can read the arguments of a process, so better send the token than name it. By its id, \
a session is ended with `muster session end`."
    )]
    Logout(credentials::Logout),
    /// Give a user another password.
    #[command(
        after_help = "Example:\n  printf %s \"$PASSWORD\" | muster user change-password ada \
--password-stdin --must-change true\n\nWithout --password-stdin the password is asked for, twice, and \
not shown. No option takes it: everybody on the machine can read the arguments of a process."
    )]
    ChangePassword {
        #[command(flatten)]
        whom: Whom,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        terms: credentials::Terms,
    },
    /// Give a user a random password of 192 bits, and print it this once.
    #[command(
        after_help = "Example:\n  muster user reset-password ada --expiry 1 --must-change true"
    )]
    ResetPassword {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        terms: credentials::Terms,
    },
    /// Give a user another TOTP key; one that is drawn is printed this once.
    #[command(
        after_help = "Examples:\n  muster user reset-totp-key ada --key-label phone\n  printf %s \
\"$KEY\" | muster user reset-totp-key ada --key-stdin\n\nDoes not switch TOTP on or off. Without \
--key-label the label is taken away."
    )]
    ResetTotpKey(credentials::TotpKey),
}

#[derive(Debug, Args)]
struct Whom {
    #[command(flatten)]
    data: Data,
    /// A user name, a ULID, or a Zato user id.
    #[arg(value_name = "USER")]
    user: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Then {
    #[command(flatten)]
    whom: Whom,
    /// As of this moment: a time as RFC 3339 has it, or a position in the log.
    #[arg(long, value_name = "MOMENT")]
    as_of: Option<String>,
}

/// Does it.
pub fn run(options: &Options) -> Result<()> {
    match &options.command {
        Command::List { data, json } => read::list(data, *json),
        Command::Show(then) => read::show(&then.whom, then.as_of.as_deref()),
        Command::Attributes(Then { whom, as_of }) => {
            history::attributes(&whom.data, &whom.user, as_of.as_deref(), whom.json)
        }
        Command::Create(new) => accounts::create(new, false),
        Command::CreateSuperUser(new) => accounts::create(new, true),
        Command::Delete { whom, yes } => accounts::delete(whom, *yes),
        Command::Lock(whom) => accounts::change(whom, "lock", "Locked user account"),
        Command::Unlock(whom) => accounts::change(whom, "unlock", "Unlocked user account"),
        Command::Approve(whom) => accounts::change(whom, "approve", "Approved user"),
        Command::Reject(whom) => accounts::change(whom, "reject", "Rejected user"),
        Command::Grant(asked) => access::grant(asked),
        Command::Revoke(asked) => access::revoke(asked),
        Command::Token(asked) => access::token(asked),
        Command::Login(whom) => credentials::log_in(whom),
        Command::Logout(asked) => credentials::log_out(asked),
        Command::ChangePassword { whom, password_stdin, terms } => {
            credentials::change_password(whom, *password_stdin, terms)
        }
        Command::ResetPassword { whom, terms } => credentials::reset_password(whom, terms),
        Command::ResetTotpKey(asked) => credentials::reset_totp_key(asked),
    }
}

/// What a refusal means of the user that was named.
pub fn named(user: &str, error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Refused>().map(|refused| refused.code.as_str()) {
        Some("no_such_user") => anyhow!("No such user `{}`", plain(user)),
        Some("username_taken") => anyhow!("User already exists `{}`", plain(user)),
        _ => error,
    }
}

/// The name of a user as an answer has it, else as it was typed.
fn name_of(user: &Value, typed: &str) -> String {
    plain(user["username"].as_str().unwrap_or(typed))
}
