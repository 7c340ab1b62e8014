//! Proof schemes: how space is filled, committed to, challenged and proven.

use crate::{Challenge, Digest, Extent, Identity, Plot, Plugin, PluginError, Region, Result, Span};

/// What a passing proof shows. A flag that is not set is not claimed; the attack lab tries to refute each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claims {
    /// A unique resource is occupied.
    pub space: bool,
    /// The given bytes can be read back.
    pub retrievability: bool,
    /// A unique copy is held.
    pub replication: bool,
    /// It was held all the time.
    pub time: bool,
}

/// Whether a pass's units can be filled in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Any order, in parallel.
    Independent,
    /// Ascending, one span after another.
    Sequential,
}

/// One sweep over the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// What it is called in progress lines.
    pub name: String,
    /// Number of units that it fills.
    pub units: u64,
    /// In which order.
    pub order: Order,
}

/// Exact sizes: the host preallocates, and refuses before the first byte is written. Unit i of a pass lies
/// at i × `unit_bytes`; what a scheme keeps beside its units lies behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Bytes of one unit.
    pub unit_bytes: u32,
    /// Number of units that are claimed, challenged and proven.
    pub units: u64,
    /// Bytes of the whole region.
    pub region_bytes: u64,
    /// Memory that filling needs beyond the host's own buffers.
    pub memory_bytes: u64,
    /// The sweeps, in order.
    pub passes: Vec<Pass>,
}

/// What both sides agreed on. The host supplies it on both sides; nothing in it comes with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Whose space.
    pub identity: Identity,
    /// Bytes of one unit.
    pub unit_bytes: u32,
    /// Number of units claimed.
    pub units: u64,
    /// What the plot was committed to, if its scheme commits.
    pub commitment: Option<Digest>,
}

/// What a miner's side answers to a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The proof's bytes, at most [`LARGEST_PROOF_BYTES`].
    Proof(Vec<u8>),
    /// The challenge asks for nothing that this plot holds: no failure in lottery-like schemes.
    NotEligible,
}

/// What a verifier says of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The proof holds.
    Valid,
    /// It does not, and why.
    Invalid(String),
}

/// The most bytes that a challenge or a proof may have.
pub const LARGEST_PROOF_BYTES: usize = 64 << 10;

/// How space is filled and proven. The miner's side gets handles to storage; the validator's side (`draw`,
/// `verify`) gets none.
///
/// The rules that make a verdict worth something: each key holds the whole identity; the shape of a proof
/// follows from the challenge alone; every byte of a proof is checked; `verify` takes nothing on trust but
/// its statement and its challenge. [`crate::laws::proof_scheme`] tests them.
pub trait ProofScheme: Plugin {
    /// What a passing proof shows; nothing unless said.
    fn proves(&self) -> Claims {
        Claims::default()
    }

    /// The largest layout that fits `capacity_bytes`.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] where not even one unit fits.
    fn plan(&self, identity: &Identity, capacity_bytes: u64) -> Result<Layout>;

    /// Fills `units` of pass `pass`: a piece of the work, maybe done before, in another thread than the rest.
    ///
    /// # Errors
    /// What the plot said.
    fn fill(&self, plot: &dyn Plot, identity: &Identity, pass: u32, units: Span) -> Result<()>;

    /// What the plot is committed to, once it is full; nothing unless said.
    ///
    /// # Errors
    /// What the region said.
    fn commit(&self, _region: &dyn Region, _identity: &Identity, _layout: &Layout) -> Result<Option<Digest>> {
        Ok(None)
    }

    /// The answer to a challenge.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for a challenge that `draw` cannot have given; what the region said.
    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer>;

    /// The most units of one challenge, so that the proof stays within [`LARGEST_PROOF_BYTES`].
    fn most_samples(&self, _statement: &Statement) -> u32 {
        256
    }

    /// A challenge of `samples` units, or of all where there are fewer, all inside `focus` where one is given:
    /// a [`Challenge`] unless said. Never of fewer in silence: the host asks for fewer where so many are refused.
    ///
    /// A statement that [`ProofScheme::verify`] could not judge is refused here, in its words, so that nobody is
    /// asked what no verdict can come of.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for no samples, more than [`ProofScheme::most_samples`], no units, a focus
    /// outside of the statement's units; what `verify` says to an empty proof where that is no verdict.
    fn draw(
        &self,
        statement: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>> {
        let units = focus.map_or(statement.units, |focus| focus.count);
        let most = self.most_samples(statement);
        if u64::from(samples).min(units) > u64::from(most) {
            return Err(PluginError::BadInput(format!(
                "{samples} samples in one challenge, at most {most} fit a proof of {LARGEST_PROOF_BYTES} bytes"
            )));
        }
        let challenge = Challenge::draw(statement, randomness, samples, focus)?.to_bytes();
        self.verify(statement, &challenge, &[])?;
        Ok(challenge)
    }

    /// Whether `proof` answers `challenge` under `statement`. Look at the statement before the proof, and at
    /// the proof's length before anything that takes long: `draw` asks for a verdict on an empty one.
    ///
    /// # Errors
    /// Only where it could not tell: a statement or challenge that is not this scheme's. A bad proof is
    /// [`Verdict::Invalid`], whatever its bytes are.
    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict>;
}

impl Layout {
    /// As many units as fit into `capacity_bytes`, each with `beside_bytes` behind all units, in one pass.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] where not even one unit fits.
    pub fn one_pass(
        name: &str,
        order: Order,
        unit_bytes: u32,
        beside_bytes: u32,
        capacity_bytes: u64,
    ) -> Result<Self> {
        let each = u64::from(unit_bytes) + u64::from(beside_bytes);
        let units = capacity_bytes.checked_div(each).unwrap_or(0);
        if units == 0 {
            let message = format!("{capacity_bytes} bytes hold no unit: one takes {each} bytes");
            return Err(PluginError::BadInput(message));
        }
        let passes = vec![Pass { name: name.to_owned(), units, order }];
        Ok(Self { unit_bytes, units, region_bytes: units * each, memory_bytes: 0, passes })
    }
}

/// A check that ends at the first reason against a proof is a verdict.
impl From<Result<(), String>> for Verdict {
    fn from(check: Result<(), String>) -> Self {
        check.map_or_else(Self::Invalid, |()| Self::Valid)
    }
}

impl Statement {
    /// The bytes of unit `index`.
    #[must_use]
    pub const fn unit(&self, index: u64) -> Extent {
        let len = self.unit_bytes as u64;
        Extent { offset: index.saturating_mul(len), len }
    }

    /// Whether its units are those of a scheme with `unit_bytes`.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] where they are not.
    pub fn of_units(&self, unit_bytes: u32) -> Result<()> {
        if self.unit_bytes == unit_bytes {
            return Ok(());
        }
        let found = self.unit_bytes;
        Err(PluginError::BadInput(format!(
            "the statement's units have {found} bytes, this scheme's {unit_bytes}"
        )))
    }

    /// The commitment, for a scheme that cannot do without.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] where there is none, or the units are not of `unit_bytes` bytes.
    pub fn committed(&self, unit_bytes: u32) -> Result<Digest> {
        self.of_units(unit_bytes)?;
        self.commitment.ok_or_else(|| PluginError::BadInput("the statement has no commitment".into()))
    }
}

impl Identity {
    /// The same for the same identity and never for another: two bytes of `netuid`, little-endian, then the
    /// owner and the validator. To be hashed into every key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.netuid.to_le_bytes()[..], &self.owner.0, &self.validator.0].concat()
    }
}
