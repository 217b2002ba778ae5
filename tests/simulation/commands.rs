//! What is asked: commands as the surfaces make them, of a few people who get in each other's way.

use std::collections::BTreeMap;

use domain::attributes::{AttributeKey, Namespace, NewAttribute, SetMode};
use domain::id::{CodeId, OrganizationId, SessionId, TokenId, UserId};
use domain::policy::Right;
use domain::secret::{PasswordHash, TokenHash, TotpSeed};
use domain::sign_in::{ApplicationGates, SignIn};
use domain::text::{Email, Name, Patch, Username};
use domain::time::{Span, Timestamp};
use domain::user::Command as UserCommand;
use domain::user::access;
use domain::user::command::{Amendment, Repeat};
use domain::user::event::{ConfirmationCode, Created, SignedUp};
use domain::user::state::{ApprovalStatus, LinkKey, LinkKind, NewPassword, Profile, SignUpStatus};
use domain::{session, system};
use service::{Caller, Command, Proof, Service, Settings, tokens};
use ulid::Ulid;

use crate::callers::{operator, template};
use crate::world::World;

/// Names in use, few enough that they clash.
const NAMES: usize = 10;
/// Bytes of values in a batch: with all the rest of it they fit into one small segment.
const BATCH_VALUES_MAX: usize = 8_000;

/// A command with whoever asks for it, and what must be true of its user when it was done.
pub struct Asked {
    pub caller: Caller,
    pub command: Command,
    pub expected: Expected,
}

/// What must be true of the user that a command went to, once it was done.
#[derive(Debug)]
pub enum Expected {
    Anything,
    Locked(bool),
    Named(String),
    Gone,
    Password(PasswordHash),
    Value(AttributeKey, String),
    Token(TokenId, bool),
}

impl World {
    /// Some commands that wait for the writer together.
    pub fn batch(&mut self, service: &Service) -> Vec<Asked> {
        self.room = BATCH_VALUES_MAX;
        let count = 1 + self.random.below(self.limits.batch);
        let mut batch = Vec::with_capacity(count + 1);
        // Nobody who is erased did anything earlier in the turn: what it was could not be read back.
        if self.random.chance(6) {
            batch.extend(self.erase(service));
        }
        while batch.len() < count {
            let Some(asked) = self.ask(service) else { continue };
            if self.random.chance(6) {
                batch.extend(self.revoked_before(&asked.caller));
            }
            batch.push(asked);
        }
        batch
    }

    fn ask(&mut self, service: &Service) -> Option<Asked> {
        match self.random.below(41) {
            0..=4 => Some(self.sign_up()),
            5 => self.confirm(),
            6..=7 => self.decide_approval(service),
            8..=14 => self.sign_in(service),
            15 => self.of_own_session(service, session::Command::SignOut),
            16 => {
                let expires = self.soon(service);
                self.of_own_session(service, session::Command::Renew { expires })
            }
            17 => self.revoke(service),
            18..=22 => self.set_attributes(service),
            23 => self.set_attributes_of_several(service),
            24..=25 => self.set_session_attributes(service),
            26 => self.remove_attributes(service),
            27..=28 => self.amend(service),
            29..=30 => self.lock(service),
            31 => self.change_password(service),
            32..=33 => self.pats(service),
            34 => self.rights(service),
            35 => self.delete(service),
            40 => Some(self.forget_origins()),
            36..=37 => self.create(service),
            38 => self.link(service),
            _ => Some(self.note()),
        }
    }

    /// Something that makes the caller's credential worth nothing before its command is looked at.
    fn revoked_before(&mut self, caller: &Caller) -> Option<Asked> {
        let Proof::Session(id) = caller.proof else { return None };
        let owner = caller.actor.user()?;
        if self.random.chance(2) {
            let command = Command::Session(id, session::Command::SignOut);
            return Some(Asked { caller: caller.clone(), command, expected: Expected::Anything });
        }
        let command = Command::User(owner, UserCommand::Lock(Repeat::Write));
        Some(Asked { caller: operator(), command, expected: Expected::Locked(true) })
    }

    /// Anybody at all.
    fn anybody(&mut self, service: &Service) -> Option<Caller> {
        let Self { random, wallet, truth, .. } = self;
        match random.below(8) {
            0 => wallet.stale(random),
            1 => wallet.powerful(random, service, truth),
            _ => wallet.by_session(random, service, truth),
        }
    }

    fn powerful(&mut self, service: &Service) -> Option<Caller> {
        let Self { random, wallet, truth, .. } = self;
        wallet.powerful(random, service, truth)
    }

    /// Somebody who lives, or once did.
    fn somebody(&mut self) -> Option<UserId> {
        if self.random.chance(20) {
            return self.random.pick(&self.truth.gone).copied();
        }
        let at = self.random.below(self.truth.people.len());
        self.truth.people.keys().nth(at).copied()
    }

    /// A user and what one of its own kind, or somebody powerful, asks of it.
    fn of_user(
        &mut self,
        service: &Service,
        command: UserCommand,
        expected: Expected,
    ) -> Option<Asked> {
        let (caller, id) = if self.random.chance(3) {
            (self.powerful(service)?, self.somebody()?)
        } else {
            let caller = self.anybody(service)?;
            (caller.clone(), caller.actor.user()?)
        };
        Some(Asked { caller, command: Command::User(id, command), expected })
    }

    fn on_somebody(
        &mut self,
        service: &Service,
        command: UserCommand,
        expected: Expected,
    ) -> Option<Asked> {
        let (caller, id) = (self.powerful(service)?, self.somebody()?);
        Some(Asked { caller, command: Command::User(id, command), expected })
    }

    fn name(&mut self) -> Username {
        // Most are alike but for their case now and then: those are different names.
        let number = self.random.below(NAMES);
        let text =
            if self.random.chance(6) { format!("User-{number}") } else { format!("user-{number}") };
        Username::parse(&text).expect("a name")
    }

    fn password(&mut self) -> NewPassword {
        let hash = format!("$argon2id${:x}", self.random.next());
        let expires =
            if self.random.chance(12) { self.now().after(Span::secs(9)) } else { Timestamp::NEVER };
        NewPassword { hash: PasswordHash(hash.into()), expires }
    }

    fn hash(&mut self) -> TokenHash {
        let mut hash = [0; 32];
        self.random.fill(&mut hash);
        TokenHash(hash)
    }

    fn ulid(&mut self) -> Ulid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        Ulid::from_bytes(bytes)
    }

    fn soon(&mut self, service: &Service) -> Timestamp {
        let span = if self.random.chance(4) { Span::secs(3) } else { Span::minutes(60) };
        service.store().clock().now().after(span)
    }

    fn sign_up(&mut self) -> Asked {
        let birth = SignedUp {
            username: self.name(),
            email: Email::parse("somebody@example.com").ok().filter(|_| self.random.chance(2)),
            password: self.password(),
            applications: Vec::new(),
            home: OrganizationId(Ulid::nil()),
            approval_needed: self.random.chance(2),
            confirmation: ConfirmationCode { id: CodeId(self.ulid()), token: self.hash() },
            totp: TotpSeed(vec![7; 20]),
            mail_owed: false,
        };
        let expected = Expected::Named(birth.username.as_str().to_owned());
        let command = Command::NewUser(UserCommand::SignUp(Box::new(birth)));
        Asked { caller: template(&mut self.random), command, expected }
    }

    fn confirm(&mut self) -> Option<Asked> {
        let id = self.somebody()?;
        let token = self.truth.people.get(&id)?.confirmation.clone()?;
        let command = Command::User(id, UserCommand::ConfirmSignUp { token });
        let caller = template(&mut self.random);
        Some(Asked { caller, command, expected: Expected::Anything })
    }

    fn decide_approval(&mut self, service: &Service) -> Option<Asked> {
        let command = if self.random.chance(6) {
            UserCommand::Reject(Repeat::Write)
        } else {
            UserCommand::Approve(Repeat::Refuse)
        };
        self.on_somebody(service, command, Expected::Anything)
    }

    fn sign_in(&mut self, service: &Service) -> Option<Asked> {
        let user = self.somebody()?;
        let checked = self.truth.people.get(&user)?.password.clone()?.0;
        let mut random = [0; tokens::SESSION_RANDOM_BYTES];
        self.random.fill(&mut random);
        let token = tokens::new_session_token(self.now().unix_secs(), random);
        let asked = SignIn {
            user,
            checked,
            totp: None,
            application: ApplicationGates {
                may_sign_in: true,
                address_allowed: true,
                metadata_in_order: true,
            },
            new_password: None,
            rehashed: None,
            token: TokenHash(tokens::hash_of(&token)),
            session_expires: self.soon(service),
            settings: Settings::default().sign_in,
        };
        self.wallet.keep_session(token);
        let caller = template(&mut self.random);
        let command = Command::SignIn(Box::new(asked));
        Some(Asked { caller, command, expected: Expected::Anything })
    }

    fn of_own_session(&mut self, service: &Service, command: session::Command) -> Option<Asked> {
        let caller = self.anybody(service)?;
        let Proof::Session(id) = caller.proof else { return None };
        let command = Command::Session(id, command);
        Some(Asked { caller, command, expected: Expected::Anything })
    }

    fn some_session(&mut self) -> Option<SessionId> {
        let at = self.random.below(self.truth.sessions.len());
        self.truth.sessions.keys().nth(at).copied()
    }

    fn revoke(&mut self, service: &Service) -> Option<Asked> {
        let (caller, id) = (self.powerful(service)?, self.some_session()?);
        let command = Command::Session(id, session::Command::Revoke);
        Some(Asked { caller, command, expected: Expected::Anything })
    }

    fn attribute(&mut self) -> (NewAttribute, String) {
        let name = Name::parse(&format!("a{}", self.random.below(4))).expect("a name");
        // Some values are long: they fill sectors, and the longest are not held by the views.
        let length = [3, 3, 40, 700, 1_500, 5_000][self.random.below(6)].min(self.room);
        self.room -= length;
        let letter = char::from(b'a' + u8::try_from(self.random.below(26)).expect("a letter"));
        let value = format!("\"{}\"", letter.to_string().repeat(length));
        let new = NewAttribute {
            key: AttributeKey { namespace: Namespace::Zato, name },
            value: Some(value.as_str().into()),
            encrypted: self.random.chance(4),
            expires: None,
        };
        (new, value)
    }

    fn set_attributes(&mut self, service: &Service) -> Option<Asked> {
        let (new, value) = self.attribute();
        let expected = Expected::Value(new.key.clone(), value);
        let mode = if self.random.chance(4) { SetMode::Create } else { SetMode::Put };
        self.of_user(service, UserCommand::SetAttributes { items: vec![new], mode }, expected)
    }

    fn set_attributes_of_several(&mut self, service: &Service) -> Option<Asked> {
        let caller = self.powerful(service)?;
        let mut items = BTreeMap::new();
        for _ in 0..=self.random.below(3) {
            let (id, (new, _)) = (self.somebody()?, self.attribute());
            items.insert(id, vec![new]);
        }
        let command = Command::SetAttributes { items, mode: SetMode::Put };
        Some(Asked { caller, command, expected: Expected::Anything })
    }

    fn set_session_attributes(&mut self, service: &Service) -> Option<Asked> {
        let (new, _) = self.attribute();
        let command = session::Command::SetAttributes { items: vec![new], mode: SetMode::Put };
        self.of_own_session(service, command)
    }

    fn remove_attributes(&mut self, service: &Service) -> Option<Asked> {
        let (new, _) = self.attribute();
        self.of_user(service, UserCommand::RemoveAttributes(vec![new.key]), Expected::Anything)
    }

    fn amend(&mut self, service: &Service) -> Option<Asked> {
        let username = self.name();
        let expected = Expected::Named(username.as_str().to_owned());
        let email = if self.random.chance(2) { Patch::Clear } else { Patch::Keep };
        let amendment = Amendment { username: Some(username), email, ..Amendment::default() };
        self.of_user(service, UserCommand::Amend(Box::new(amendment)), expected)
    }

    fn lock(&mut self, service: &Service) -> Option<Asked> {
        if self.random.chance(2) {
            let command = UserCommand::Lock(Repeat::Write);
            return self.on_somebody(service, command, Expected::Locked(true));
        }
        let locked = self.truth.people.iter().find(|(_, person)| person.locked)?;
        let command = Command::User(*locked.0, UserCommand::Unlock(Repeat::Write));
        let caller = self.powerful(service)?;
        Some(Asked { caller, command, expected: Expected::Locked(false) })
    }

    fn change_password(&mut self, service: &Service) -> Option<Asked> {
        let password = self.password();
        let expected = Expected::Password(password.hash.clone());
        let command =
            |checked| UserCommand::ChangePassword { password, checked, must_change: None };
        if self.random.chance(2) {
            return self.on_somebody(service, command(None), expected);
        }
        let caller = self.anybody(service)?;
        let id = caller.actor.user()?;
        let checked = self.truth.people.get(&id)?.password.clone()?.0;
        let command = Command::User(id, command(Some(checked)));
        Some(Asked { caller, command, expected })
    }

    fn pats(&mut self, service: &Service) -> Option<Asked> {
        if self.random.chance(3) {
            let id = self.somebody()?;
            let token = *self.truth.people.get(&id)?.tokens.keys().next()?;
            let command = Command::User(id, UserCommand::RemovePat(token));
            let caller = self.powerful(service)?;
            return Some(Asked { caller, command, expected: Expected::Token(token, false) });
        }
        let mut random = [0; tokens::PAT_RANDOM_BYTES];
        self.random.fill(&mut random);
        let pat = tokens::new_pat(random);
        let token = TokenId(self.ulid());
        let command = UserCommand::AddPat {
            token,
            hash: TokenHash(tokens::hash_of(&pat)),
            name: Name::parse("token").expect("a name"),
            expires: if self.random.chance(2) { Timestamp::NEVER } else { self.soon(service) },
        };
        self.wallet.pats.push(pat);
        self.of_user(service, command, Expected::Token(token, true))
    }

    fn rights(&mut self, service: &Service) -> Option<Asked> {
        let right = Right::ALL[self.random.below(3)];
        let grant = self.random.chance(2);
        let command =
            if grant { UserCommand::GrantRight(right) } else { UserCommand::RevokeRight(right) };
        self.on_somebody(service, command, Expected::Anything)
    }

    fn delete(&mut self, service: &Service) -> Option<Asked> {
        self.on_somebody(service, UserCommand::Delete, Expected::Gone)
    }

    fn erase(&mut self, service: &Service) -> Option<Asked> {
        let caller = self.powerful(service)?;
        let gone =
            if self.random.chance(3) { self.random.pick(&self.truth.gone).copied() } else { None };
        let id = gone.or_else(|| self.somebody())?;
        let command = Command::User(id, UserCommand::Erase);
        Some(Asked { caller, command, expected: Expected::Gone })
    }

    fn forget_origins(&mut self) -> Asked {
        let present = self.now().month();
        let before = present.earlier(u32::try_from(self.random.below(2)).expect("a small number"));
        let command = Command::System(system::Command::ForgetOrigins { before });
        Asked { caller: operator(), command, expected: Expected::Anything }
    }

    fn create(&mut self, service: &Service) -> Option<Asked> {
        let caller = self.powerful(service)?;
        let (username, home) = (self.name(), OrganizationId(Ulid::nil()));
        let expected = Expected::Named(username.as_str().to_owned());
        let command = if self.random.chance(4) {
            let name = Name::parse(username.as_str()).expect("a name");
            UserCommand::CreateMachine { username, name, home }
        } else {
            let birth = Box::new(Created {
                username: Some(username),
                email: None,
                profile: Profile::default(),
                password: Some(self.password()),
                must_change: false,
                home,
                sign_up: SignUpStatus::Final,
                approval: ApprovalStatus::Approved,
                locked: self.random.chance(12),
                totp: TotpSeed(vec![3; 20]),
                totp_label: None,
                totp_enabled: false,
                mail_owed: false,
            });
            UserCommand::Create { birth, rate_limit: None }
        };
        Some(Asked { caller, command: Command::NewUser(command), expected })
    }

    fn link(&mut self, service: &Service) -> Option<Asked> {
        let definition = Name::parse(&format!("d{}", self.random.below(3))).expect("a name");
        let link = LinkKey { kind: LinkKind::BasicAuth, definition };
        let command = if self.random.chance(3) {
            access::Command::Unlink(link)
        } else {
            access::Command::Link { link, active: true }
        };
        self.on_somebody(service, UserCommand::Access(command), Expected::Anything)
    }

    fn note(&mut self) -> Asked {
        let facts = self.truth.last();
        let command = Command::System(system::Command::NoteRebuild { facts, digest: [9; 32] });
        Asked { caller: operator(), command, expected: Expected::Anything }
    }
}
