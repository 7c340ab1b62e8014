//! A scheme that misbehaves while it plans and fills, in one of several manners.

use plimsoll_sdk::{
    Answer, Digest, Extent, HashKind, Identity, Keystream, Layout, Order, Plot, Plugin, ProofScheme, Region,
    Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Parameters of an unruly scheme.
    pub struct Unruly {
        /// How it misbehaves; 0 is not at all.
        manner: u64 = 0, from 0 to 6;
    }
}

const UNIT_BYTES: u32 = 65_536;

const PLANS_TOO_MUCH: u64 = 1;
const PLANS_MORE_UNITS_THAN_FIT: u64 = 2;
const FILLS_BEYOND_ITS_PLAN: u64 = 3;
const NEVER_ENDS: u64 = 4;
const WRITES_OVER_AND_OVER: u64 = 5;
const FILLS_HALF: u64 = 6;

impl Plugin for Unruly {
    const NAME: &'static str = "unruly";
    const SUMMARY: &'static str = "Misbehaves while it plans and fills.";
    const LIMITS: &'static str = "Not to be used.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl ProofScheme for Unruly {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        let mut layout = Layout::one_pass("fill", Order::Sequential, UNIT_BYTES, 0, capacity_bytes)?;
        match self.manner {
            PLANS_TOO_MUCH => layout.region_bytes = capacity_bytes + 1,
            PLANS_MORE_UNITS_THAN_FIT => layout.units += 1,
            _ => {}
        }
        Ok(layout)
    }

    fn fill(&self, plot: &dyn Plot, _identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        let filled = match self.manner {
            FILLS_BEYOND_ITS_PLAN => Span { first: units.first, count: plot.size_bytes() },
            FILLS_HALF => Span { first: units.first, count: units.count.div_ceil(2) },
            _ => units,
        };
        if self.manner == NEVER_ENDS && units.first > 0 {
            let mut digest = [7; 32];
            loop {
                digest = plimsoll_sdk::pure::digest_of(HashKind::Blake3, &digest);
                if digest == [0; 32] {
                    return Ok(());
                }
            }
        }
        plot.fill(Keystream::ChaCha8, &[1; 32], UNIT_BYTES, filled)?;
        if self.manner == WRITES_OVER_AND_OVER {
            loop {
                plot.fill(Keystream::ChaCha8, &[1; 32], UNIT_BYTES, filled)?;
            }
        }
        Ok(())
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        let all = Extent { offset: 0, len: layout.region_bytes };
        region.merkle_root(HashKind::Blake3, UNIT_BYTES, all).map(Some)
    }

    fn prove(&self, _region: &dyn Region, _statement: &Statement, _challenge: &[u8]) -> Result<Answer> {
        Ok(Answer::NotEligible)
    }

    fn verify(&self, _statement: &Statement, _challenge: &[u8], _proof: &[u8]) -> Result<Verdict> {
        Ok(Verdict::Invalid("nothing is ever proven".into()))
    }
}

plimsoll_sdk::export_plugin!(Unruly as proof_scheme);
