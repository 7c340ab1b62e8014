//! What resources cost.

use serde::{Deserialize, Serialize};

use super::audit::Work;
use super::run::Costs;
use super::scenario::{Prices, SubnetTerms};

const BYTES_PER_TIB: f64 = (1u64 << 40) as f64;
const BYTES_PER_GIB: f64 = (1u64 << 30) as f64;
/// A month of 30.44 days, as `plimsoll compare` counts it.
const MS_PER_MONTH: f64 = 30.44 * 86_400_000.0;
const US_PER_HOUR: f64 = 3_600_000_000.0;
const RAO_PER_ALPHA: f64 = 1e9;

/// Everything that somebody used, in its own units.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Bill {
    /// Bytes on own disks, times epochs.
    pub(super) disk_byte_epochs: f64,
    /// Bytes in cold storage, times epochs.
    pub(super) cold_byte_epochs: f64,
    /// What those cost, in dollars: their price is the strategy's own.
    pub(super) cold_usd: f64,
    /// Proofs, units made anew, filling; and bytes over lines.
    pub(super) work: Work,
    /// Registrations, in alpha times 10^9.
    pub(super) registration_rao: u64,
}

impl Bill {
    pub(super) fn add(&mut self, other: &Self) {
        self.disk_byte_epochs += other.disk_byte_epochs;
        self.cold_byte_epochs += other.cold_byte_epochs;
        self.cold_usd += other.cold_usd;
        self.work.add(other.work);
        self.registration_rao = self.registration_rao.saturating_add(other.registration_rao);
    }
}

/// Prices of one epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tariff {
    prices: Prices,
    epoch_months: f64,
}

impl Tariff {
    pub(super) fn new(prices: Prices, subnet: &SubnetTerms) -> Self {
        let epoch_ms = subnet.tempo_blocks as f64 * subnet.block_ms as f64;
        Self { prices, epoch_months: epoch_ms / MS_PER_MONTH }
    }

    /// Dollars for bytes that lie somewhere for one epoch.
    pub(super) fn storage_usd(&self, byte_epochs: f64, usd_per_tib_month: f64) -> f64 {
        byte_epochs / BYTES_PER_TIB * self.epoch_months * usd_per_tib_month
    }

    /// Dollars for alpha.
    pub(super) fn alpha_usd(&self, rao: u64) -> f64 {
        rao as f64 / RAO_PER_ALPHA * self.prices.usd_per_alpha
    }

    /// Dollars for all of a bill.
    pub(super) fn usd(&self, bill: &Bill) -> f64 {
        self.storage_usd(bill.disk_byte_epochs, self.prices.usd_per_tib_month)
            + bill.cold_usd
            + bill.work.core_us as f64 / US_PER_HOUR * self.prices.usd_per_core_hour
            + bill.work.traffic_bytes as f64 / BYTES_PER_GIB * self.prices.usd_per_gib_traffic
            + self.alpha_usd(bill.registration_rao)
    }

    /// The bill as a run shows it.
    pub(super) fn costs(&self, bill: &Bill) -> Costs {
        Costs {
            byte_epochs: bill.disk_byte_epochs + bill.cold_byte_epochs,
            core_seconds: bill.work.core_us as f64 / 1e6,
            traffic_bytes: bill.work.traffic_bytes as f64,
            registration_rao: bill.registration_rao,
            usd: self.usd(bill),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_added_up_at_the_scenarios_prices() {
        let prices = Prices {
            usd_per_tib_month: 2.0,
            usd_per_core_hour: 0.5,
            usd_per_gib_traffic: 0.25,
            usd_per_alpha: 8.0,
        };
        // An epoch of exactly a month.
        let subnet = SubnetTerms { tempo_blocks: 3_044, block_ms: 864_000, ..SubnetTerms::default() };
        let tariff = Tariff::new(prices, &subnet);
        let mut bill = Bill {
            disk_byte_epochs: BYTES_PER_TIB * 3.0,
            cold_byte_epochs: BYTES_PER_TIB,
            cold_usd: tariff.storage_usd(BYTES_PER_TIB, 1.0),
            work: Work { core_us: 7_200_000_000, traffic_bytes: 4 << 30 },
            registration_rao: 500_000_000,
        };
        let costs = tariff.costs(&bill);
        assert_eq!((costs.byte_epochs, costs.core_seconds), (BYTES_PER_TIB * 4.0, 7_200.0));
        // 6 of disk, 1 of cold storage, 1 of cores, 1 of traffic, 4 of registration.
        assert!((costs.usd - 13.0).abs() < 1e-9, "{}", costs.usd);
        let half = bill;
        bill.add(&half);
        assert!((tariff.usd(&bill) - 26.0).abs() < 1e-9);
    }
}
