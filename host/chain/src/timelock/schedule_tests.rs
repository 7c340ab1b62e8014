//! Against what bittensor-drand answered; the clock stood at quicknet's genesis and blocks took 3 s, so that its
//! rounds count blocks.

use super::*;
use crate::timelock::QUICKNET_GENESIS_S;

/// Of 2.0.0: last epoch, pending (0 for none), index, tempo, since the last step, head, period; and the round, 0
/// where it found none.
#[rustfmt::skip]
const COUNTED: [[u64; 8]; 40] = [
    [1000, 0, 10, 360, 20, 1020, 1, 343], [1000, 0, 10, 360, 20, 1020, 0, 4],
    [1000, 1100, 10, 360, 20, 1020, 2, 443], [1000, 1021, 10, 360, 20, 1020, 1, 364],
    [1000, 2000, 10, 360, 20, 1020, 3, 1063], [1000, 0, 10, 360, 360, 1360, 1, 364],
    [1000, 0, 10, 65535, 20, 1020, 1, 50385], [1000, 0, 10, 65535, 20, 1020, 3, 151187],
    [1000, 0, 10, 65535, 50400, 1020, 1, 5], [1000, 0, 10, 65535, 50401, 1020, 1, 50406],
    [21, 847, 43, 360, 50400, 166, 2, 364], [0, 0, 0, 1, 0, 5, 1, 5], [2000, 0, 10, 360, 20, 1020, 1, 1343],
    [2037, 0, 79, 1, 50399, 1612, 1, 0], [7703336, 0, 25313, 360, 129, 7703465, 1, 234],
    [3451956, 3452274, 82660, 360, 243, 3452199, 1, 78], [3348296, 0, 66494, 720, 14, 3348310, 5, 3589],
    [2533889, 0, 72219, 360, 169, 2534058, 2, 554], [5479010, 0, 9421, 360, 240, 5479250, 1, 123],
    [2678472, 2679133, 70614, 720, 356, 2678828, 1, 308], [1837194, 0, 11503, 360, 362, 1837556, 1, 364],
    [5839062, 0, 35641, 99, 236, 5839298, 5, 499], [6259840, 6260417, 7391, 99, 397, 6260237, 5, 499],
    [7300034, 7300445, 61903, 360, 298, 7300332, 5, 1505], [7191976, 0, 6846, 720, 70, 7192046, 5, 3533],
    [6305531, 0, 15453, 360, 20, 6305551, 2, 703], [5227691, 5228008, 61802, 720, 288, 5227979, 1, 32],
    [2236410, 0, 46261, 99, 152, 2236562, 5, 499], [5828343, 0, 99697, 99, 0, 5828343, 1, 102],
    [6880407, 6880457, 61114, 360, 4, 6880411, 1, 49], [4273483, 0, 34278, 99, 243, 4273726, 1, 103],
    [7475360, 0, 3289, 360, 44, 7475404, 1, 319], [2957118, 2957757, 95975, 720, 343, 2957461, 5, 3179],
    [5106135, 0, 61795, 360, 259, 5106394, 5, 1544], [3474722, 0, 24787, 360, 276, 3474998, 1, 87],
    [5964432, 0, 96353, 99, 249, 5964681, 1, 103], [1073957, 0, 88963, 99, 46, 1074003, 1, 56],
    [7534946, 7535219, 50371, 360, 217, 7535163, 2, 419], [4860605, 4860955, 56113, 720, 250, 4860855, 2, 823],
    [3378272, 0, 36838, 360, 44, 3378316, 2, 679],
];

/// Of 1.3.0: tempo, netuid, head, period; and the round.
#[rustfmt::skip]
const MODULO: [[u64; 5]; 24] = [
    [360, 91, 6222560, 100, 36008], [99, 119, 7049350, 1, 33], [99, 40, 7557301, 0, 1],
    [360, 63, 3934836, 2, 725], [99, 63, 4814567, 0, 1], [360, 71, 3423819, 1, 197], [1, 18, 1338857, 1, 5],
    [1, 33, 1062830, 0, 3], [99, 55, 1757047, 1, 100], [360, 80, 2426867, 1, 58], [360, 50, 1523947, 2, 508],
    [360, 92, 180944, 2, 549], [360, 37, 7849997, 1, 274], [99, 77, 2783797, 100, 9928],
    [99, 86, 4999433, 0, 1], [360, 78, 2980903, 2, 520], [360, 123, 1549990, 2, 384], [360, 65, 478158, 0, 1],
    [360, 103, 7087374, 0, 1], [1, 96, 3071778, 100, 202], [99, 11, 3798548, 1, 43],
    [360, 62, 998416, 2, 411], [360, 90, 4299128, 100, 36033], [360, 118, 6506229, 0, 1],
];

const GENESIS_MS: u64 = QUICKNET_GENESIS_S * 1000;

fn counted(row: [u64; 6]) -> (EpochSchedule, BlockNumber) {
    let [last_epoch, pending, index, tempo_blocks, since_step_blocks, head] = row;
    let pending = (pending > 0).then_some(BlockNumber(pending));
    let last_epoch = BlockNumber(last_epoch);
    (
        EpochSchedule::Counted { tempo_blocks, last_epoch, pending, index, since_step_blocks },
        BlockNumber(head),
    )
}

#[test]
fn rounds_of_counted_epochs_are_bittensor_drands() {
    for [a, b, c, d, e, f, period, expected] in COUNTED {
        let (schedule, head) = counted([a, b, c, d, e, f]);
        let round = schedule.reveal_round(head, period, 3000, GENESIS_MS);
        let found = round.as_ref().map_or(0, |round| round.0);
        assert_eq!(found, expected, "{schedule:?} at {head} after {period}: {round:?}");
    }
}

#[test]
fn rounds_of_modulo_epochs_are_bittensor_drands() {
    for [tempo_blocks, netuid, head, period, expected] in MODULO {
        let netuid = NetUid(u16::try_from(netuid).unwrap());
        let schedule = EpochSchedule::Modulo { tempo_blocks, netuid };
        let round = schedule.reveal_round(BlockNumber(head), period, 3000, GENESIS_MS).unwrap();
        assert_eq!(round.0, expected, "{schedule:?} at {head} after {period}");
    }
}

#[test]
fn slower_blocks_and_a_later_clock_move_the_round_by_their_seconds() {
    let (schedule, head) = counted([1000, 0, 10, 360, 20, 1020]);
    assert_eq!(schedule.reveal_block(head, 1).unwrap(), BlockNumber(1360));
    let round = |block_ms, now_ms| schedule.reveal_round(head, 1, block_ms, now_ms).unwrap().0;
    // 343 blocks of 12 s are 1372 periods.
    assert_eq!(round(12_000, GENESIS_MS + 3_000_000), 2372);
    assert_eq!(round(12_000, GENESIS_MS + 3_002_999), 2372);
    assert_eq!(round(12_000, GENESIS_MS + 3_003_000), 2373);
    assert_eq!(round(250, GENESIS_MS), 28);
}

#[test]
fn a_subnet_without_epochs_and_one_beyond_reach_are_refused_with_the_reason() {
    let said = |row, period| {
        let (schedule, head) = counted(row);
        schedule.reveal_round(head, period, 12_000, GENESIS_MS).unwrap_err().to_string()
    };
    assert_eq!(
        said([1000, 0, 10, 0, 20, 1020], 1),
        "cannot timelock the weights: the subnet's tempo is 0: it runs no epochs, so nothing would be revealed"
    );
    let far = "cannot timelock the weights: the epoch to reveal in is too far away to tell its block: ask the \
               subnet's owner for a shorter one";
    assert_eq!(said([1000, 0, 10, 360, 20, 1020], 1_000_000), far);
    assert_eq!(said([1000, 0, u64::MAX, 360, 20, 1020], 1), far);
    assert_eq!(said([1000, 0, 10, 360, 20, u64::MAX], 1), far);
    assert!(said([2037, 0, 79, 1, 50399, 1612], 1).contains("is skipped: commit again after its next epoch"));
    let modulo = EpochSchedule::Modulo { tempo_blocks: u64::MAX, netuid: NetUid(1) };
    assert_eq!(modulo.reveal_round(BlockNumber(5), 9, 1, GENESIS_MS).unwrap_err().to_string(), far);
}

#[test]
fn the_blocks_before_an_epochs_end_are_not_settled_and_those_after_it_are() {
    // The epoch comes at block 1360: a commit at 1359 is of the one before.
    let settled = |head| {
        let (schedule, head) = counted([1000, 0, 10, 360, head - 1000, head]);
        schedule.is_settled_until(head, BlockNumber(head.0 + 3), 1).unwrap()
    };
    assert_eq!([settled(1355), settled(1356), settled(1357), settled(1358)], [true, true, false, false]);
    let (next, head) = counted([1360, 0, 11, 360, 0, 1360]);
    assert!(next.is_settled_until(head, BlockNumber(1363), 1).unwrap());
    let modulo = EpochSchedule::Modulo { tempo_blocks: 60, netuid: NetUid(7) };
    let settled = |head| modulo.is_settled_until(BlockNumber(head), BlockNumber(head + 3), 1).unwrap();
    assert_eq!([settled(49), settled(50), settled(52), settled(53)], [true, false, false, true]);
}
