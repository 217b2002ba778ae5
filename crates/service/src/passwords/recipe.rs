//! How a hash is made: cost, variant, version and salt, and the PHC string that keeps them.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};

use super::{Secret, VerifyError};

/// Length of the salts we make, in bytes (RFC 9106, 3.1: 16 are recommended).
pub const SALT_BYTES: usize = 16;

/// Memory one hash may take, in KiB: 256 MiB, what libsodium calls "moderate". A hash from
/// elsewhere that asks for more is refused, so that no import can exhaust the machine.
pub const MEMORY_KIB_MAX: u32 = 256 * 1024;

/// Memory times passes one hash may cost, in KiB: 1 GiB, about a second of a core and 27 times
/// [`Cost::STANDARD`].
pub const WORK_KIB_MAX: u64 = 1024 * 1024;

/// Length of the outputs we make, in bytes (RFC 9106, 4: 256 bits).
const OUTPUT_BYTES: usize = 32;

/// What one hash costs. Always payable: within [`MEMORY_KIB_MAX`] and [`WORK_KIB_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The cost is less than Argon2 knows (1 pass, 1 lane, 8 KiB a lane) or more than the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Argon2 at {memory_kib} KiB, {passes} passes and {lanes} lanes is impossible or too costly"
)]
pub struct CostRefused {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// 19 MiB, two passes, one lane: the second line of OWASP's Password Storage Cheat Sheet,
    /// some 20 to 40 ms of a core.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Memory in KiB, passes over it, and lanes (computed one after the other).
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, CostRefused> {
        match Params::new(memory_kib, passes, lanes, Some(OUTPUT_BYTES)) {
            Ok(params) if is_payable(&params) => Ok(Self { memory_kib, passes, lanes }),
            _ => Err(CostRefused { memory_kib, passes, lanes }),
        }
    }

    /// Memory of one hash, in KiB.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over that memory.
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Memory of one hash as Argon2 cuts it, in blocks of 1 KiB.
    pub(super) fn block_count(self) -> usize {
        self.params().block_count()
    }

    fn params(self) -> Params {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(OUTPUT_BYTES))
            .expect("`new` let only possible costs through")
    }
}

/// Everything that decides what a password becomes, except the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output_bytes: usize,
}

impl Recipe {
    /// What we hash with today.
    pub(super) fn new(cost: Cost, salt: [u8; SALT_BYTES]) -> Self {
        Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: cost.params(),
            salt: Salt::new(&salt).expect("16 bytes are between the 8 and 48 a salt may have"),
            output_bytes: OUTPUT_BYTES,
        }
    }

    /// What the password becomes, with memory taken for this once.
    pub(super) fn bake(&self, password: &Secret) -> argon2::Result<Output> {
        let mut output = vec![0; self.output_bytes];
        self.argon2().hash_password_into(password.as_bytes(), &self.salt, &mut output)?;
        Ok(Output::new(&output).expect("as many bytes as an output may have"))
    }

    pub(super) fn argon2(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.params.clone())
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn output_bytes(&self) -> usize {
        self.output_bytes
    }

    pub(super) fn block_count(&self) -> usize {
        self.params.block_count()
    }
}

/// A stored hash: how it was made and what came out.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) recipe: Recipe,
    pub(super) output: Output,
}

impl Stored {
    /// Reads a PHC string; refuses what is no Argon2 and what costs too much.
    pub(super) fn parse(phc: &str) -> Result<Self, VerifyError> {
        let read = || {
            let hash = PasswordHash::new(phc).ok()?;
            let (salt, output) = (hash.salt?, hash.hash?);
            let recipe = Recipe {
                algorithm: Algorithm::new(hash.algorithm.as_str()).ok()?,
                // A string without a version is from before there was one, as the reference
                // implementation (`decode_string` in its encoding.c) reads it.
                version: hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?,
                params: Params::try_from(&hash).ok()?,
                salt,
                output_bytes: output.len(),
            };
            Some(Self { recipe, output })
        };
        let stored = read().ok_or(VerifyError::NotArgon2)?;
        if !is_payable(&stored.recipe.params) {
            return Err(VerifyError::TooCostly);
        }
        Ok(stored)
    }

    /// A hash at today's cost that no known password has: its output is 32 zero bytes.
    pub(super) fn nobody(cost: Cost) -> Self {
        Self {
            recipe: Recipe::new(cost, [0; SALT_BYTES]),
            output: Output::new(&[0; OUTPUT_BYTES])
                .expect("32 bytes are between the 10 and 64 an output may have"),
        }
    }

    /// The form that is kept.
    pub(super) fn to_phc(&self) -> String {
        let params = ParamsString::try_from(&self.recipe.params)
            .expect("three numbers fit in the 127 bytes of parameters");
        PasswordHash {
            algorithm: self.recipe.algorithm.ident(),
            version: Some(self.recipe.version.into()),
            params,
            salt: Some(self.recipe.salt),
            hash: Some(self.output),
        }
        .to_string()
    }

    /// Whether any figure is below what we would use today. Lanes do not count: they share the
    /// same memory and passes.
    pub(super) fn is_weaker_than(&self, today: Cost) -> bool {
        let Recipe { algorithm, version, params, salt, output_bytes } = &self.recipe;
        *algorithm != Algorithm::Argon2id
            || *version != Version::V0x13
            || params.m_cost() < today.memory_kib
            || params.t_cost() < today.passes
            || salt.len() < SALT_BYTES
            || *output_bytes < OUTPUT_BYTES
    }
}

fn is_payable(params: &Params) -> bool {
    let work_kib = u64::from(params.m_cost()) * u64::from(params.t_cost());
    params.m_cost() <= MEMORY_KIB_MAX && work_kib <= WORK_KIB_MAX
}
