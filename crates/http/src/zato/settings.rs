//! What an operator may choose about the dialect; defaults are Zato 3.2's (contract, section 8),
//! but that `CRM` may sign users up as well.

use domain::user::state::LinkKind;
use service::passwords::Secret;

/// The dialect's own settings. Those that change what happens live in `service::Settings`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// All known applications.
    pub apps_all: Vec<String>,
    /// The one that counts for linked accounts where none is named.
    pub app_default: String,
    /// The header that names it there.
    pub app_header: String,
    /// Those that may sign users up.
    pub signup_allowed: Vec<String>,
    /// Those that may log users in.
    pub login_allowed: Vec<String>,
    /// Those that may say where their users are.
    pub login_metadata_allowed: Vec<String>,
    /// Whether the confirmation token goes back to whoever signs up.
    pub always_return_confirm_token: bool,
    /// Whether e-mails count as kept encrypted, so that nobody is searched by one. They are sealed
    /// either way.
    pub encrypt_email: bool,
    /// Which specific codes are shown instead of the generic one.
    pub inform: Inform,
    /// Security definitions that users may be linked to.
    pub definitions: Definitions,
    /// Users on a page of a search that asks for no size.
    pub default_page_size: usize,
    /// Most users on a page.
    pub max_page_size: usize,
}

/// Security definitions of the server, which it manages outside of this dialect.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// HTTP Basic Auth.
    pub basic_auth: Vec<BasicAuth>,
    /// JSON web tokens.
    pub jwt: Vec<Jwt>,
}

/// A definition of HTTP Basic Auth (RFC 7617); its name is its user name.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// What must come with it.
    pub password: Secret,
}

/// A definition of JSON web tokens (RFC 7519) signed by HMAC-SHA256; its name is the subject of each.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// The name.
    pub username: String,
    /// What they are signed with.
    pub secret: Secret,
}

impl Definitions {
    /// Whether there is such a definition.
    pub fn is_known(&self, kind: LinkKind, name: &str) -> bool {
        match kind {
            LinkKind::BasicAuth => self.basic_auth.iter().any(|known| known.username == name),
            LinkKind::Jwt => self.jwt.iter().any(|known| known.username == name),
        }
    }
}

/// Which specific codes are shown: `false` masks one as `E005001`.
#[derive(Clone, Copy, Debug)]
pub struct Inform {
    /// `E004001`, `E004002`.
    pub app_invalid: bool,
    /// `E005002`.
    pub locked: bool,
    /// `E005003`.
    pub not_confirmed: bool,
    /// `E005004`.
    pub not_approved: bool,
    /// `E005008`.
    pub totp_missing: bool,
    /// `E003004`.
    pub expired: bool,
    /// `W003005`, `E003006`.
    pub about_to_expire: bool,
    /// `E003007`.
    pub must_be_changed: bool,
    /// `E003001`, `E003002`, `E003003`, `E003008`.
    pub password_invalid: bool,
    /// `E001002` at sign-up.
    pub user_exists: bool,
    /// `E001001`, `E001003`, `E001004` at sign-up.
    pub user_invalid: bool,
    /// `E002002` at sign-up.
    pub email_exists: bool,
    /// `E002001`, `E002003` to `E002005` at sign-up.
    pub email_invalid: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let crm = || vec!["CRM".to_owned()];
        Self {
            apps_all: crm(),
            app_default: "CRM".to_owned(),
            app_header: "X-Zato-SSO-Current-App".to_owned(),
            signup_allowed: crm(),
            login_allowed: crm(),
            login_metadata_allowed: Vec::new(),
            always_return_confirm_token: true,
            encrypt_email: true,
            inform: Inform::default(),
            definitions: Definitions::default(),
            default_page_size: 50,
            max_page_size: 100,
        }
    }
}

impl Default for Inform {
    fn default() -> Self {
        Self {
            app_invalid: true,
            locked: true,
            not_confirmed: true,
            not_approved: true,
            totp_missing: true,
            expired: false,
            about_to_expire: true,
            must_be_changed: true,
            password_invalid: true,
            user_exists: false,
            user_invalid: false,
            email_exists: false,
            email_invalid: false,
        }
    }
}
