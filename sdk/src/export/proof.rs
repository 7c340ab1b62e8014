//! The exporter of proof schemes.

use super::convert::digest;
use super::lifecycle::{Exported, plugin};
use crate::bindings::imports::storage::{Plot, Region};
use crate::bindings::imports::types as wire;
use crate::bindings::proof::exports::plimsoll::plugin::proof_scheme::{self as shape, Guest};
use crate::{Answer, Layout, Order, Pass, PluginError, ProofScheme, Statement, Verdict};

type Outcome<T> = Result<T, wire::PluginError>;

impl<E: Exported<Plugin: ProofScheme>> Guest for E {
    fn proves() -> shape::Claims {
        // Before `configure` a scheme claims nothing.
        let claims = plugin::<E>().map(ProofScheme::proves).unwrap_or_default();
        let flags = [
            (claims.space, shape::Claims::SPACE),
            (claims.retrievability, shape::Claims::RETRIEVABILITY),
            (claims.replication, shape::Claims::REPLICATION),
            (claims.time, shape::Claims::TIME),
        ];
        let set = flags.into_iter().filter(|&(on, _)| on).map(|(_, flag)| flag);
        set.fold(shape::Claims::empty(), |all, flag| all | flag)
    }

    fn plan(identity: wire::Identity, capacity: u64) -> Outcome<shape::Layout> {
        Ok(plugin::<E>()?.plan(&identity.try_into()?, capacity)?.into())
    }

    fn fill(plot: &Plot, identity: wire::Identity, pass: u32, units: wire::Span) -> Outcome<()> {
        Ok(plugin::<E>()?.fill(plot, &identity.try_into()?, pass, units.into())?)
    }

    fn commit(region: &Region, identity: wire::Identity, layout: shape::Layout) -> Outcome<Option<Vec<u8>>> {
        let root = plugin::<E>()?.commit(region, &identity.try_into()?, &layout.into())?;
        Ok(root.map(Vec::from))
    }

    fn prove(region: &Region, statement: shape::Statement, challenge: Vec<u8>) -> Outcome<shape::Answer> {
        Ok(match plugin::<E>()?.prove(region, &statement.try_into()?, &challenge)? {
            Answer::Proof(bytes) => shape::Answer::Proof(bytes),
            Answer::NotEligible => shape::Answer::NotEligible,
        })
    }

    fn draw(
        statement: shape::Statement,
        randomness: Vec<u8>,
        samples: u32,
        focus: Option<wire::Span>,
    ) -> Outcome<Vec<u8>> {
        let focus = focus.map(Into::into);
        Ok(plugin::<E>()?.draw(&statement.try_into()?, &digest(&randomness)?, samples, focus)?)
    }

    fn verify(statement: shape::Statement, challenge: Vec<u8>, proof: Vec<u8>) -> Outcome<shape::Verdict> {
        Ok(match plugin::<E>()?.verify(&statement.try_into()?, &challenge, &proof)? {
            Verdict::Valid => shape::Verdict::Valid,
            Verdict::Invalid(reason) => shape::Verdict::Invalid(reason),
        })
    }
}

impl TryFrom<shape::Statement> for Statement {
    type Error = PluginError;

    fn try_from(statement: shape::Statement) -> Result<Self, PluginError> {
        Ok(Self {
            identity: statement.identity.try_into()?,
            unit_bytes: statement.unit_bytes,
            units: statement.units,
            commitment: statement.commitment.as_deref().map(digest).transpose()?,
        })
    }
}

impl From<Layout> for shape::Layout {
    fn from(layout: Layout) -> Self {
        let Layout { unit_bytes, units, region_bytes, memory_bytes, passes } = layout;
        let pass = |Pass { name, units, order }| {
            let order = match order {
                Order::Independent => shape::Order::Independent,
                Order::Sequential => shape::Order::Sequential,
            };
            shape::Pass { name, units, order }
        };
        Self { unit_bytes, units, region_bytes, memory_bytes, passes: passes.into_iter().map(pass).collect() }
    }
}

impl From<shape::Layout> for Layout {
    fn from(layout: shape::Layout) -> Self {
        let shape::Layout { unit_bytes, units, region_bytes, memory_bytes, passes } = layout;
        let pass = |shape::Pass { name, units, order }| {
            let order = match order {
                shape::Order::Independent => Order::Independent,
                shape::Order::Sequential => Order::Sequential,
            };
            Pass { name, units, order }
        };
        Self { unit_bytes, units, region_bytes, memory_bytes, passes: passes.into_iter().map(pass).collect() }
    }
}
