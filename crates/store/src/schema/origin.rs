//! From where a fact came, as bytes: a revision, then the frozen struct that it names.

use bincode::{BorrowDecode, Encode};
use domain::actor::Origin;

use super::{DecodeError, codec};

/// The revision that is written; it is the first byte, since a record has no other place for it.
pub const REVISION: u8 = 1;

#[derive(Encode, BorrowDecode)]
struct OriginV1<'a> {
    address: Option<&'a str>,
    agent: Option<&'a str>,
    request: Option<&'a str>,
    operator: Option<&'a str>,
}

/// Appends the bytes of `origin`.
pub fn encode(origin: &Origin, out: &mut Vec<u8>) {
    out.push(REVISION);
    codec::write(
        &OriginV1 {
            address: origin.address.as_deref(),
            agent: origin.agent.as_deref(),
            request: origin.request.as_deref(),
            operator: origin.operator.as_deref(),
        },
        out,
    );
}

/// Reads an origin.
pub fn decode(bytes: &[u8]) -> Result<Origin, DecodeError> {
    match bytes.split_first() {
        Some((&REVISION, rest)) => {
            let stored: OriginV1<'_> = codec::read(rest)?;
            Ok(Origin {
                address: stored.address.map(Into::into),
                agent: stored.agent.map(Into::into),
                request: stored.request.map(Into::into),
                operator: stored.operator.map(Into::into),
            })
        }
        _ => Err(DecodeError::Value("origin revision")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_comes_back_as_it_was() {
        let full = Origin {
            address: Some("192.0.2.1".into()),
            agent: Some("".into()),
            request: Some("r-1".into()),
            operator: Some("root".into()),
        };
        for origin in [full, Origin::default()] {
            let mut bytes = Vec::new();
            encode(&origin, &mut bytes);
            assert_eq!(decode(&bytes), Ok(origin));
        }
    }

    #[test]
    fn another_revision_is_refused() {
        assert_eq!(decode(&[2, 0, 0, 0, 0]), Err(DecodeError::Value("origin revision")));
        assert_eq!(decode(&[]), Err(DecodeError::Value("origin revision")));
    }
}
