//! All operations of the Zato contract (its section 3), and the types of what they take.

use std::collections::BTreeSet;
use std::path::Path;

/// An operation of the dialect.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its method.
    pub method: &'static str,
    /// Its path.
    pub path: &'static str,
    /// Keys without which the call is a bad request.
    pub required: &'static [&'static str],
    /// Parameters that are texts.
    pub texts: &'static [&'static str],
    /// Parameters that are booleans.
    pub flags: &'static [&'static str],
    /// Parameters that are whole numbers.
    pub integers: &'static [&'static str],
    /// Cases of section 9 that show it at work; none while it is not there.
    pub cases: &'static [u16],
}

const fn missing(method: &'static str, path: &'static str) -> Operation {
    let none: &[&str] = &[];
    Operation { method, path, required: none, texts: none, flags: none, integers: none, cases: &[] }
}

const LOCK: Operation = Operation {
    required: &["ust", "user_id", "current_app"],
    texts: &["ust", "user_id", "current_app"],
    cases: &[73, 90],
    ..missing("POST", "/zato/sso/user/lock")
};

const APPROVE: Operation = Operation { path: "/zato/sso/user/approve", cases: &[7, 83], ..LOCK };

const CONFIRM: Operation = Operation {
    required: &["confirm_token"],
    texts: &["confirm_token", "current_app"],
    cases: &[21, 85],
    ..missing("PATCH", "/zato/sso/user/signup")
};

const SEARCH: Operation = Operation {
    required: &["ust", "current_app"],
    texts: &[
        "ust",
        "current_app",
        "user_id",
        "username",
        "email",
        "display_name",
        "first_name",
        "middle_name",
        "last_name",
        "sign_up_status",
        "approval_status",
        "name_op",
    ],
    flags: &["is_name_exact", "paginate"],
    integers: &["cur_page", "page_size"],
    cases: &[18, 19, 91, 92, 93],
    ..missing("GET", "/zato/sso/user/search")
};

const LINK: Operation = Operation {
    required: &["ust", "user_id", "auth_type", "auth_username", "current_app"],
    texts: &["ust", "user_id", "auth_type", "auth_username", "current_app"],
    flags: &["is_active"],
    cases: &[100],
    ..missing("POST", "/zato/sso/user/linked")
};

const PUT_ATTR: Operation = Operation {
    flags: &["encrypt"],
    integers: &["expiration"],
    cases: &[94, 95, 96, 97],
    ..attr("PUT", "/zato/sso/user/attr")
};

const DELETE_ATTR: Operation =
    Operation { cases: &[57, 63, 94], ..attr("DELETE", "/zato/sso/user/attr") };

const GET_ATTR: Operation = Operation {
    flags: &["decrypt"],
    cases: &[56, 95, 96, 97],
    ..attr("GET", "/zato/sso/user/attr")
};

const NAMES: Operation = Operation {
    texts: &["ust", "user_id", "current_app"],
    cases: &[59],
    ..attr("GET", "/zato/sso/user/attr/names")
};

const PUT_SESSION_ATTR: Operation = Operation {
    required: &["current_ust", "target_ust", "current_app"],
    texts: &["current_ust", "target_ust", "name", "current_app"],
    path: "/zato/sso/session/attr",
    cases: &[62],
    ..PUT_ATTR
};

const DELETE_SESSION_ATTR: Operation =
    Operation { method: "DELETE", flags: &[], integers: &[], cases: &[62, 63], ..PUT_SESSION_ATTR };

/// What all calls about attributes of users take.
const fn attr(method: &'static str, path: &'static str) -> Operation {
    Operation {
        required: &["current_app"],
        texts: &["ust", "user_id", "name", "current_app"],
        ..missing(method, path)
    }
}

/// Every operation, aliases included, in the order of the contract.
pub const OPERATIONS: [Operation; 42] = [
    Operation {
        required: &["username", "password", "current_app"],
        texts: &[
            "username",
            "password",
            "current_app",
            "totp_code",
            "new_password",
            "remote_addr",
            "user_agent",
        ],
        cases: &[22, 28, 32, 73],
        ..missing("POST", "/zato/sso/user/login")
    },
    Operation {
        required: &["ust", "current_app"],
        texts: &["ust", "current_app"],
        cases: &[31, 72],
        ..missing("POST", "/zato/sso/user/logout")
    },
    Operation {
        texts: &["username", "password", "email", "current_app"],
        cases: &[20, 89],
        ..missing("POST", "/zato/sso/user/signup")
    },
    CONFIRM,
    Operation { path: "/zato/sso/user/signup/confirm", ..CONFIRM },
    Operation { method: "POST", path: "/zato/sso/user/signup/confirm", ..CONFIRM },
    Operation {
        required: &["ust", "current_app"],
        texts: &[
            "ust",
            "current_app",
            "username",
            "password",
            "email",
            "display_name",
            "first_name",
            "middle_name",
            "last_name",
            "totp_key",
            "totp_label",
            "sign_up_status",
            "rate_limit_def",
        ],
        flags: &[
            "password_must_change",
            "is_totp_enabled",
            "is_locked",
            "auto_approve",
            "is_rate_limit_active",
        ],
        cases: &[1, 2, 3, 4, 5],
        ..missing("POST", "/zato/sso/user")
    },
    Operation {
        required: &["ust", "current_app"],
        texts: &["ust", "user_id", "current_app"],
        cases: &[6, 69, 70],
        ..missing("GET", "/zato/sso/user")
    },
    Operation {
        required: &["ust", "current_app"],
        texts: &[
            "ust",
            "user_id",
            "current_app",
            "username",
            "email",
            "display_name",
            "first_name",
            "middle_name",
            "last_name",
            "totp_key",
            "totp_label",
            "password_expiry",
            "sign_up_status",
            "approval_status",
        ],
        flags: &["is_totp_enabled", "is_locked", "password_must_change"],
        cases: &[9, 11, 13, 80, 82],
        ..missing("PATCH", "/zato/sso/user")
    },
    Operation {
        required: &["ust", "current_app"],
        texts: &["ust", "user_id", "current_app"],
        cases: &[16, 17, 79],
        ..missing("DELETE", "/zato/sso/user")
    },
    SEARCH,
    Operation { method: "POST", ..SEARCH },
    APPROVE,
    Operation { path: "/zato/sso/user/reject", cases: &[8, 83], ..APPROVE },
    Operation {
        required: &["ust", "new_password", "current_app"],
        texts: &["ust", "new_password", "old_password", "user_id", "current_app"],
        flags: &["must_change"],
        integers: &["password_expiry"],
        cases: &[36, 37, 38, 39],
        ..missing("PATCH", "/zato/sso/user/password")
    },
    LOCK,
    Operation { method: "DELETE", ..LOCK },
    Operation {
        required: &["ust", "current_app"],
        texts: &["ust", "user_id", "totp_key", "totp_label", "current_app"],
        cases: &[84],
        ..missing("PATCH", "/zato/sso/user/totp")
    },
    LINK,
    Operation {
        method: "GET",
        required: &["ust", "current_app"],
        texts: &["ust", "user_id", "current_app"],
        flags: &[],
        ..LINK
    },
    Operation { method: "DELETE", ..LINK },
    Operation {
        required: &["current_app"],
        texts: &["current_ust", "target_ust", "current_app"],
        cases: &[43, 45, 46],
        ..missing("POST", "/zato/sso/user/session")
    },
    Operation {
        required: &["current_app"],
        texts: &["ust", "current_ust", "current_app"],
        cases: &[44, 47, 99],
        ..missing("PATCH", "/zato/sso/user/session")
    },
    Operation {
        required: &["current_app"],
        texts: &["current_ust", "target_ust", "current_app"],
        cases: &[48],
        ..missing("GET", "/zato/sso/user/session")
    },
    Operation {
        required: &["current_app"],
        texts: &["current_ust", "target_ust", "current_app"],
        cases: &[44, 99],
        ..missing("GET", "/zato/sso/user/session/list")
    },
    Operation { method: "POST", cases: &[49, 50, 52, 53, 55, 97], ..PUT_ATTR },
    Operation { method: "PATCH", cases: &[60, 61, 94, 97], ..PUT_ATTR },
    PUT_ATTR,
    DELETE_ATTR,
    GET_ATTR,
    Operation { method: "GET", path: "/zato/sso/user/attr/exists", cases: &[58], ..DELETE_ATTR },
    NAMES,
    Operation { method: "POST", cases: &[62], ..PUT_SESSION_ATTR },
    Operation { method: "PATCH", cases: &[62], ..PUT_SESSION_ATTR },
    PUT_SESSION_ATTR,
    DELETE_SESSION_ATTR,
    Operation { method: "GET", flags: &["decrypt"], cases: &[62, 98], ..DELETE_SESSION_ATTR },
    Operation {
        method: "GET",
        path: "/zato/sso/session/attr/exists",
        cases: &[62],
        ..DELETE_SESSION_ATTR
    },
    Operation {
        texts: &["current_ust", "target_ust", "current_app"],
        method: "GET",
        path: "/zato/sso/session/attr/names",
        cases: &[62],
        ..DELETE_SESSION_ATTR
    },
    Operation {
        texts: &["credential", "current_app"],
        cases: &[86],
        ..missing("POST", "/zato/sso/password/reset")
    },
    Operation {
        texts: &["token", "current_app"],
        cases: &[86],
        ..missing("PATCH", "/zato/sso/password/reset")
    },
    Operation {
        texts: &["token", "reset_key", "password", "current_app"],
        cases: &[86],
        ..missing("DELETE", "/zato/sso/password/reset")
    },
];

/// The operations that are there.
pub fn built() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(|operation| !operation.cases.is_empty())
}

/// The paths of `/v1` that are there, with a method each.
pub const V1: [(&str, &str); 35] = [
    ("GET", "/v1/users"),
    ("GET", "/v1/users/admin"),
    ("GET", "/v1/users/admin/history"),
    ("GET", "/v1/users/admin/acts"),
    ("GET", "/v1/users/admin/attributes"),
    ("GET", "/v1/users/admin/diff"),
    ("GET", "/v1/events"),
    ("GET", "/v1/events/stream"),
    ("GET", "/v1/export"),
    ("GET", "/v1/exports/01ARZ3NDEKTSV4RRFFQ69G5FAV/manifest"),
    ("GET", "/v1/log/checkpoint"),
    ("GET", "/v1/log/proof/inclusion"),
    ("GET", "/v1/log/proof/consistency"),
    ("GET", "/v1/projections"),
    ("POST", "/v1/local/rebuild"),
    ("POST", "/v1/local/verify"),
    ("GET", "/v1/users/admin/sessions"),
    ("POST", "/v1/users/admin/erase"),
    ("GET", "/v1/local/origins"),
    ("POST", "/v1/local/origins/forget"),
    ("POST", "/v1/local/users"),
    ("DELETE", "/v1/local/users/admin"),
    ("POST", "/v1/local/users/admin/lock"),
    ("POST", "/v1/local/users/admin/unlock"),
    ("POST", "/v1/local/users/admin/approve"),
    ("POST", "/v1/local/users/admin/reject"),
    ("POST", "/v1/local/users/admin/password"),
    ("POST", "/v1/local/users/admin/totp-key"),
    ("POST", "/v1/local/users/admin/sessions"),
    ("GET", "/v1/local/sessions/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("POST", "/v1/local/sign-out"),
    ("PUT", "/v1/local/users/admin/rights/auditor"),
    ("DELETE", "/v1/local/users/admin/rights/auditor"),
    ("POST", "/v1/local/users/admin/tokens"),
    ("DELETE", "/v1/local/users/admin/tokens/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
];

/// The paths that the sources of the routers name.
pub fn routed() -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in ["lib.rs", "zato/mod.rs", "v1/mod.rs"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/http/src").join(file);
        let source = std::fs::read_to_string(source).expect("the routes are there");
        for rest in source.split(".route(").skip(1) {
            let path = rest.trim_start().strip_prefix('"').expect("a path in its place");
            paths.insert(path.split('"').next().expect("a closing quote").to_owned());
        }
    }
    paths
}
