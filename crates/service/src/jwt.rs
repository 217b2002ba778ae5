//! JSON web tokens of security definitions: signed by HMAC-SHA256 with a secret that the server and
//! whoever issues them share.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::passwords::Secret;

/// Shortest secret, in bytes: as long as the hash (RFC 7518, section 3.2).
pub const SECRET_BYTES_MIN: usize = 32;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    #[serde(default)]
    nbf: u64,
}

/// Whether a token was signed with the secret, for this subject, and is good at a time (seconds since
/// 1970). One that never expires is good for nothing.
pub fn is_good(token: &str, secret: &Secret, subject: &str, now_secs: u64) -> bool {
    // The library would read the machine's clock; and it demands claims that nobody here needs.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(secret.as_bytes());
    let decoded = decode::<Claims>(token, &key, &validation);
    decoded.is_ok_and(|token| {
        let claims = token.claims;
        claims.sub == subject && now_secs < claims.exp && claims.nbf <= now_secs
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Python's hmac and base64: {"alg":"HS256","typ":"JWT"}, {"sub":"partner","exp":2000},
    // the secret of 32 times the letter k.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJwYXJ0bmVyIiwiZXhwIjoyMDAwfQ.4IT9EFVHB-7b8Tdc6fYg8zY7fiSvXtFx-oiLOQMaj-M";
    // {"alg":"none","typ":"JWT"}, the same claims, no signature.
    const UNSIGNED: &str =
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJwYXJ0bmVyIiwiZXhwIjoyMDAwfQ.";

    fn secret(letter: &str) -> Secret {
        Secret::from(letter.repeat(32))
    }

    #[test]
    fn a_token_is_good_for_its_subject_until_it_expires() {
        assert!(is_good(TOKEN, &secret("k"), "partner", 1_999));
        assert!(!is_good(TOKEN, &secret("k"), "partner", 2_000));
        assert!(!is_good(TOKEN, &secret("k"), "other", 1_999));
        assert!(!is_good(TOKEN, &secret("l"), "partner", 1_999));
    }

    #[test]
    fn what_is_not_signed_or_no_token_is_worth_nothing() {
        for token in [UNSIGNED, "", "a.b.c", &TOKEN[..TOKEN.len() - 1], &TOKEN.replace('J', "K")] {
            assert!(!is_good(token, &secret("k"), "partner", 1_000), "{token}");
        }
    }
}
