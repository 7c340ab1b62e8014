//! `proof-scrypt`: memory-hard labels, byte for byte those of Spacemesh's POST, under a Merkle root.
//!
//! Label i = the first 16 bytes of scrypt(key ‖ i ‖ zeros), see `plimsoll_sdk::labels`, one after another as in
//! `postdata_*.bin`; key = `commitment` where given (Spacemesh's BLAKE3(node id ‖ ATX id)), else
//! BLAKE3("plimsoll proof-scrypt v1" ‖ cost ‖ identity). A unit is `unit_labels` labels and a leaf of the tree; the
//! commitment is the BLAKE3 of the region. A challenge is units and a nonce; the answer is BLAKE3 keyed by the nonce
//! over identity and openings, then each unit's bytes with their path. The verifier remakes `checks` drawn labels of each.
//!
//! Proves: that remaking costs more than keeping: economics. Any part of a unit can be dropped and remade alone, on all
//! cores. A whole one takes T = `unit_labels` × 4 n r p × 5 ns of one of the fastest. Who is asked n units and remakes
//! for D on P cores passes for certain where it keeps g = max(0, 1 - D P / (n T)) of every unit, and fails with less.
//! Space is claimed where T >= 20 × `deadline_ms` × `cores` (count a GPU as cores) and no `commitment` makes one plot
//! serve all identities: g is 95 % then, even for one unit. A share f of units of which nothing is kept, nor remade in
//! time, passes with (1 - f)^n; a share e of wrong labels with (1 - e)^(n checks), and is free space until then.
//! Costs at n = 8192, r = p = 1: 1 MiB and 32768 block permutations a label, some 2000 labels a core-second.

use plimsoll_sdk::labels::{LabelCost, labels_of};
use plimsoll_sdk::parameters::power_of_two;
use plimsoll_sdk::pure::digest_of;
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Draws, Extent, HashKind, Identity, Layout, Order, Plot, Plugin,
    PluginError, ProofScheme, Region, Result, Span, Statement, Verdict, digest_parameter,
};

/// Units of memory-hard labels.
pub struct Scrypt {
    cost: LabelCost,
    unit_bytes: u32,
    checks: u32,
    commitment: Option<Digest>,
    claims_space: bool,
}

plimsoll_sdk::parameters! {
    /// Parameters of proof-scrypt.
    pub struct Config {
        /// scrypt's N, rows of memory: a power of two.
        n: u32 = 8192, from 2 to 2_097_152;
        /// scrypt's r, 128-byte blocks of a row.
        r: u32 = 1, from 1 to 1024;
        /// scrypt's p, walks through memory.
        p: u32 = 1, from 1 to 1024;
        /// Which scrypt: `spacemesh`, or `rfc7914`.
        form: String = "spacemesh".into();
        /// Labels of 16 bytes in one unit: a power of two.
        unit_labels: u32 = 64, from 64 to 2048;
        /// Labels of each sample that a verifier makes again.
        checks: u32 = 4, from 1 to 64;
        /// Milliseconds for an answer: space is claimed where remaking a unit takes twenty times as long,
        deadline_ms: u32 = 5_000, from 1 to 600_000;
        /// on so many cores.
        cores: u32 = 16, from 1 to 65_536;
        /// Spacemesh's commitment as 64 hex digits; empty: derived from the identity.
        commitment: String = String::new();
    }
}

const HASH: HashKind = HashKind::Blake3;
const LABEL_BYTES: u32 = 16;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;
/// Work of one verification that a verifier's fuel allows; labels are made 4096 in one call, and paid for in fours.
const VERIFY_PERMUTATIONS: u64 = 1 << 26;

impl Plugin for Scrypt {
    const NAME: &'static str = "proof-scrypt";
    const SUMMARY: &'static str = "Fills a plot with memory-hard labels: byte for byte those of Spacemesh.";
    const LIMITS: &'static str = "Labels are independent: enough cores, or a GPU, remake what was dropped.";
    const REFERENCES: &'static [&'static str] = &[
        "RFC 7914: The scrypt Password-Based Key Derivation Function",
        "T. Moran, I. Orlov: Simple Proofs of Space-Time and Rational Proofs of Storage, CRYPTO 2019",
        "https://github.com/spacemeshos/post-rs, commit a2d155a",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let Config { n, r, p, form, unit_labels, checks, deadline_ms, cores, commitment } = config;
        let cost = LabelCost::scrypt(&form, n, r, p)?;
        power_of_two("unit_labels", unit_labels)?;
        let (work, most) = (cost.permutations(), VERIFY_PERMUTATIONS / u64::from(checks.next_multiple_of(4)));
        if work > most {
            let text = format!("4 × n × r × p must be at most {most} for {checks} `checks`, it is {work}");
            return Err(PluginError::BadConfig(text));
        }
        let [unit_ns, answer_ms] =
            [work * 5 * u64::from(unit_labels), u64::from(deadline_ms) * u64::from(cores)];
        let commitment = digest_parameter("commitment", &commitment)?;
        let claims_space = commitment.is_none() && unit_ns >= 20_000_000 * answer_ms;
        Ok(Self { cost, unit_bytes: LABEL_BYTES * unit_labels, checks, commitment, claims_space })
    }
}

impl Scrypt {
    fn key(&self, identity: &Identity) -> Digest {
        let seed = [b"plimsoll proof-scrypt v1", &self.cost.to_bytes()[..], &identity.to_bytes()].concat();
        self.commitment.unwrap_or_else(|| digest_of(HASH, &seed))
    }
}

impl ProofScheme for Scrypt {
    fn proves(&self) -> Claims {
        Claims { space: self.claims_space, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        let plan = Layout::one_pass("labels", Order::Independent, self.unit_bytes, 0, capacity_bytes)?;
        Ok(Layout { memory_bytes: self.cost.memory_bytes(), ..plan })
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        let label = |unit: u64| unit.saturating_mul((self.unit_bytes / LABEL_BYTES).into());
        let labels = Span { first: label(units.first), count: label(units.count) };
        plot.fill_labels(&self.cost, &self.key(identity), LABEL_BYTES, labels, false).map(drop)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, Extent { offset: 0, len: layout.region_bytes }).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        let labels = (VERIFY_PERMUTATIONS / self.cost.permutations()).min(4096) / 4 * 4;
        Challenge::most_openings(statement).min(labels as u32 / self.checks)
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(self.unit_bytes)?;
        Challenge::parse(challenge, statement)?.open(region, statement, HASH).map(Answer::Proof)
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let challenge = Challenge::parse(challenge, statement)?;
        let opened = challenge.opened(statement, HASH, &statement.committed(self.unit_bytes)?, proof);
        let Ok(opened) = opened else { return Ok(opened.map(drop).into()) };
        let labels = Span { first: 0, count: (self.unit_bytes / LABEL_BYTES).into() };
        let mut draws = Draws::new("plimsoll proof-scrypt checks v1", &[&challenge.nonce]);
        let (mut indices, mut held) = (Vec::new(), Vec::new());
        for (unit, bytes) in challenge.units.iter().zip(opened) {
            for label in draws.distinct(self.checks.into(), labels) {
                indices.push(unit.saturating_mul(labels.count).saturating_add(label));
                held.push(&bytes[label as usize * 16..][..16]);
            }
        }
        let made = labels_of(&self.cost, &self.key(&statement.identity), LABEL_BYTES, &indices)?;
        let wrong = indices.iter().zip(held.iter().zip(made.chunks(16))).find(|(_, (a, b))| *a != b);
        Ok(wrong.map_or(Ok(()), |(index, _)| Err(format!("label {index} is not what it must be"))).into())
    }
}

plimsoll_sdk::export_plugin!(Scrypt as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::LARGEST_PROOF_BYTES;
    use plimsoll_sdk::doubles::MemoryPlot;
    use plimsoll_sdk::pure::merkle_depth;
    use plimsoll_sdk::serde_json::Value;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn identity() -> Identity {
        Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
    }

    fn refusal(json: &str) -> String {
        from_json::<Scrypt>(json).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_laws_hold_for_spacemeshs_form() {
        laws::proof_scheme::<Scrypt>(r#"{"n": 2}"#, 5 * 1024 + 9);
    }

    #[test]
    fn the_laws_hold_for_the_form_of_rfc_7914_and_larger_units() {
        laws::proof_scheme::<Scrypt>(r#"{"n": 2, "p": 2, "form": "rfc7914", "unit_labels": 128}"#, 6000);
    }

    #[test]
    fn a_plot_holds_the_labels_of_spacemeshs_own_initialiser() {
        let vectors: Value =
            plimsoll_sdk::serde_json::from_str(include_str!("../vectors/spacemesh-labels.json")).unwrap();
        let vectors = vectors.as_array().unwrap();
        let mut tested = 0;
        for vector in vectors.iter().filter(|vector| vector["scrypt"]["n"].as_u64() < Some(8192)) {
            let (n, commitment) = (&vector["scrypt"]["n"], &vector["commitment"]);
            let scheme: Scrypt = from_json(&format!(r#"{{"n": {n}, "commitment": {commitment}}}"#)).unwrap();
            let plot = MemoryPlot::new(1024).unwrap();
            scheme.fill(&plot, &identity(), 0, Span { first: 0, count: 1 }).unwrap();
            let known: Vec<&str> =
                vector["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
            assert_eq!((known.len(), hex(&plot.finish().bytes)), (64, known.concat()), "n {n}");
            assert_eq!(scheme.proves(), Claims::default());
            tested += 1;
        }
        assert_eq!(tested, 2);
    }

    #[test]
    fn the_first_labels_at_full_cost_are_spacemeshs() {
        let vectors: Value =
            plimsoll_sdk::serde_json::from_str(include_str!("../vectors/spacemesh-labels.json")).unwrap();
        for vector in &vectors.as_array().unwrap()[..2] {
            let key = digest_parameter("c", vector["commitment"].as_str().unwrap()).unwrap().unwrap();
            let scheme: Scrypt = from_json("{}").unwrap();
            let label = labels_of(&scheme.cost, &key, LABEL_BYTES, &[0]).unwrap();
            assert_eq!(hex(&label), vector["labels"][0].as_str().unwrap());
        }
    }

    #[test]
    fn keys_commitments_and_proofs_never_change() {
        let scheme: Scrypt = from_json(r#"{"n": 4}"#).unwrap();
        let layout = scheme.plan(&identity(), 3 << 10).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: 3 }).unwrap();
        let region = plot.finish();
        let commitment = scheme.commit(&region, &identity(), &layout).unwrap();
        let statement = Statement { identity: identity(), unit_bytes: 1024, units: 3, commitment };
        let challenge = scheme.draw(&statement, &[5; 32], 2, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        let key = scheme.key(&identity());
        let seen =
            [&key[..], &region.bytes[..32], &commitment.unwrap(), &proof[..32]].map(|part| hex(&part[..16]));
        let known = [
            "b3ccd271bd72417fac6d71821c70a7cb",
            "ae32ec40bffefc48ae55fcc99a2c8f0c",
            "643b3f45b82fabf6779952302799c8c4",
            "919134c4b4823b0796dfa8d7bb31c9d7",
        ];
        assert_eq!((seen, proof.len()), (known.map(String::from), 2176));
        assert_eq!(scheme.verify(&statement, &challenge, &proof), Ok(Verdict::Valid));
    }

    #[test]
    fn space_is_claimed_only_where_a_unit_outlasts_the_deadline_twenty_times_on_the_cores_given() {
        let claims = |json| from_json::<Scrypt>(json).unwrap().proves();
        assert_eq!(claims("{}"), Claims::default());
        // 2048 labels of 32768 permutations at 5 ns: 335 ms of one core.
        let space = Claims { space: true, ..Claims::default() };
        assert_eq!(claims(r#"{"unit_labels": 2048, "deadline_ms": 16, "cores": 1}"#), space);
        assert_eq!(claims(r#"{"unit_labels": 2048, "deadline_ms": 17, "cores": 1}"#), Claims::default());
        assert_eq!(claims(r#"{"unit_labels": 2048, "deadline_ms": 16, "cores": 2}"#), Claims::default());
        let own = format!(
            r#"{{"unit_labels": 2048, "deadline_ms": 16, "cores": 1, "commitment": "{}"}}"#,
            "ab".repeat(32)
        );
        assert_eq!(claims(&own), Claims::default());
    }

    /// The attack that the margin is for: what is dropped of a unit is made alone, in no more work than it has labels.
    #[test]
    fn any_part_of_a_unit_is_remade_alone() {
        let scheme: Scrypt = from_json(r#"{"n": 4}"#).unwrap();
        let plot = MemoryPlot::new(2048).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: 2 }).unwrap();
        let dropped = [64 + 5, 64 + 17];
        let made = labels_of(&scheme.cost, &scheme.key(&identity()), LABEL_BYTES, &dropped).unwrap();
        let held = plot.finish().bytes;
        assert_eq!(made, [&held[16 * 69..][..16], &held[16 * 81..][..16]].concat());
    }

    #[test]
    fn a_committed_plot_of_wrong_labels_is_found_out() {
        let scheme: Scrypt = from_json(r#"{"n": 2, "checks": 64}"#).unwrap();
        let layout = scheme.plan(&identity(), 2 << 10).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: 2 }).unwrap();
        let mut region = plot.finish();
        region.bytes[1024 + 37 * 16] ^= 1;
        let commitment = scheme.commit(&region, &identity(), &layout).unwrap();
        let statement = Statement { identity: identity(), unit_bytes: 1024, units: 2, commitment };
        let challenge = scheme.draw(&statement, &[5; 32], 2, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        let found = Verdict::Invalid("label 101 is not what it must be".into());
        assert_eq!(scheme.verify(&statement, &challenge, &proof), Ok(found));
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits_and_can_be_verified() {
        let configs = [
            "{}",
            r#"{"unit_labels": 2048}"#,
            r#"{"n": 32768, "checks": 64}"#,
            r#"{"p": 512, "checks": 1}"#,
            r#"{"p": 512, "checks": 3}"#,
            r#"{"p": 170, "checks": 9}"#,
        ];
        for config in configs {
            let scheme: Scrypt = from_json(config).unwrap();
            for units in [1, 2, 1000, 1 << 40, u64::MAX] {
                let (identity, commitment) = (identity(), Some([0; 32]));
                let statement = Statement { identity, unit_bytes: scheme.unit_bytes, units, commitment };
                let samples = scheme.most_samples(&statement);
                let opening = scheme.unit_bytes + 32 * merkle_depth(units, 0);
                assert!(samples > 0 && 32 + samples * opening <= LARGEST_PROOF_BYTES as u32, "{samples}");
                let labels = u64::from(samples * scheme.checks);
                // The host bills labels in fours.
                let billed = labels.next_multiple_of(4);
                assert!(
                    labels <= 4096 && billed * scheme.cost.permutations() <= VERIFY_PERMUTATIONS,
                    "{config}"
                );
            }
        }
    }

    #[test]
    fn parameters_that_cannot_be_are_refused_by_name() {
        let known = [
            (r#"{"n": 8191}"#, "`n` must be a power of two, 2 or more, not 8191"),
            (r#"{"n": 65536}"#, "`n` must be below 65536 where `r` is 1 (RFC 7914), not 65536"),
            (
                r#"{"n": 8192, "p": 600}"#,
                "4 × n × r × p must be at most 16777216 for 4 `checks`, it is 19660800",
            ),
            (
                r#"{"n": 8192, "p": 513, "checks": 1}"#,
                "4 × n × r × p must be at most 16777216 for 1 `checks`, it is 16809984",
            ),
            (r#"{"unit_labels": 65}"#, "`unit_labels` must be a power of two, 65 is none"),
            (r#"{"form": "salsa"}"#, "`form` must be spacemesh or rfc7914, it is salsa"),
            (r#"{"commitment": "00"}"#, "`commitment` must be 64 hex digits or empty, it is \"00\""),
            (r#"{"checks": 0}"#, "`checks` must be from 1 to 64, it is 0"),
        ];
        for (json, reason) in known {
            assert_eq!(refusal(json), format!("bad config: {reason}"));
        }
        assert!(refusal(r#"{"n": 2097152, "r": 2}"#).contains("bytes of memory"));
        let no_unit = from_json::<Scrypt>("{}").unwrap().plan(&identity(), 1023).unwrap_err();
        assert_eq!(no_unit.to_string(), "bad input: 1023 bytes hold no unit: one takes 1024 bytes");
    }
}
