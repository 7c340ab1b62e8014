//! What a miner states of one plot.

use plimsoll_core::{Digest, Hotkey, Identity, NetUid, Statement};
use serde::{Deserialize, Serialize};

use super::why::{MessageError, expect, from_json, to_json};

/// What a validator sends to learn what a miner keeps for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRequest {
    /// On which subnet.
    pub netuid: NetUid,
}

impl RegistrationRequest {
    /// The canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        from_json("the registration request", bytes)
    }
}

/// What a miner states of one plot, once: everything that a challenge and a verdict depend on.
///
/// Its digest is the BLAKE3 of a fixed encoding, little-endian:
///
/// | bytes | what |
/// |---|---|
/// | 8 | `PLMSREG1` |
/// | 2 | netuid |
/// | 32, 32 | owner, validator |
/// | 1, n | length of the scheme's name, the name |
/// | 32, 32 | plugin digest, parameters digest |
/// | 4, 8, 8 | bytes of a unit, units, bytes of the region |
/// | 1, 0 or 32 | whether there is a commitment, the commitment |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Whose space, for whom.
    pub identity: Identity,
    /// The proof scheme's name.
    pub scheme: String,
    /// BLAKE3 of the scheme's component.
    pub plugin: Digest,
    /// BLAKE3 of the scheme's parameters.
    pub params: Digest,
    /// Bytes of one unit.
    pub unit_bytes: u32,
    /// Units claimed.
    pub units: u64,
    /// Bytes of the whole region.
    pub region_bytes: u64,
    /// What the plot was committed to, if its scheme commits.
    pub commitment: Option<Digest>,
}

const MAGIC: &[u8; 8] = b"PLMSREG1";
const MAX_SCHEME_BYTES: usize = 64;

impl Registration {
    /// The encoding that is hashed; see the type's own page. A name longer than 255 bytes, which
    /// [`check`](Self::check) refuses, is cut.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let name = &self.scheme.as_bytes()[..self.scheme.len().min(255)];
        let mut out = Vec::with_capacity(192 + name.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.identity.netuid.0.to_le_bytes());
        out.extend_from_slice(self.identity.owner.as_bytes());
        out.extend_from_slice(self.identity.validator.as_bytes());
        // Cut to 255 above.
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(name);
        out.extend_from_slice(self.plugin.as_bytes());
        out.extend_from_slice(self.params.as_bytes());
        out.extend_from_slice(&self.unit_bytes.to_le_bytes());
        out.extend_from_slice(&self.units.to_le_bytes());
        out.extend_from_slice(&self.region_bytes.to_le_bytes());
        out.push(u8::from(self.commitment.is_some()));
        out.extend_from_slice(self.commitment.as_ref().map_or(&[][..], |c| c.as_bytes()));
        out
    }

    /// Reads the encoding back.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] where bytes are missing, left over or senseless.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let malformed = |why: &str| MessageError::Malformed { what: "the registration", why: why.to_owned() };
        let mut left = bytes;
        let mut take = |n: usize| -> Option<&[u8]> {
            let (head, tail) = left.split_at_checked(n)?;
            left = tail;
            Some(head)
        };
        let mut read = || -> Option<Self> {
            take(8).filter(|magic| magic == MAGIC)?;
            let netuid = NetUid(u16::from_le_bytes(take(2)?.try_into().ok()?));
            let owner = Hotkey::from_slice(take(32)?)?;
            let validator = Hotkey::from_slice(take(32)?)?;
            let name_bytes = usize::from(*take(1)?.first()?);
            Some(Self {
                identity: Identity { netuid, owner, validator },
                scheme: String::from_utf8(take(name_bytes)?.to_vec()).ok()?,
                plugin: Digest::from_slice(take(32)?)?,
                params: Digest::from_slice(take(32)?)?,
                unit_bytes: u32::from_le_bytes(take(4)?.try_into().ok()?),
                units: u64::from_le_bytes(take(8)?.try_into().ok()?),
                region_bytes: u64::from_le_bytes(take(8)?.try_into().ok()?),
                commitment: match take(1)? {
                    [0] => None,
                    [1] => Some(Digest::from_slice(take(32)?)?),
                    _ => return None,
                },
            })
        };
        let registration = read().ok_or_else(|| malformed("bytes are missing or senseless"))?;
        if left.is_empty() { Ok(registration) } else { Err(malformed("bytes are left over")) }
    }

    /// BLAKE3 of the encoding: the registration's name in audits and on chain.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The claim that a proof is held against.
    #[must_use]
    pub fn statement(&self) -> Statement {
        let Self { identity, unit_bytes, units, commitment, .. } = *self;
        Statement { identity, unit_bytes, units, commitment }
    }

    /// Whether the numbers make sense together.
    ///
    /// # Errors
    /// The first field that does not.
    pub fn check(&self) -> Result<(), MessageError> {
        let name_fits = (1..=MAX_SCHEME_BYTES).contains(&self.scheme.len());
        let plain = self.scheme.bytes().all(|b| b.is_ascii_graphic());
        expect(name_fits && plain, "scheme", &"1 to 64 visible ASCII characters", &self.scheme)?;
        expect(self.unit_bytes > 0, "unit_bytes", &"1 or more", &self.unit_bytes)?;
        expect(self.units > 0, "units", &"1 or more", &self.units)?;
        let least = u64::from(self.unit_bytes).checked_mul(self.units);
        let fits = least.is_some_and(|least| least <= self.region_bytes);
        let expected = format!("at least {} units of {} bytes", self.units, self.unit_bytes);
        expect(fits, "region_bytes", &expected, &self.region_bytes)
    }
}
