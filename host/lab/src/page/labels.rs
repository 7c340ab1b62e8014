//! Names beside points, so that none lies on another, on a point, or outside of the chart.

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    pub(crate) place: Place,
    /// Whether it stands so far from its point that a line must lead to it.
    pub(crate) leader: bool,
}

const HEIGHT: f64 = 16.0;
/// Of 13 px letters, on the safe side.
const LETTER_WIDTH: f64 = 7.4;
const POINT: f64 = 8.0;
/// How far from the point a name may stand, from near to far.
const DISTANCES: [f64; 6] = [10.0, 20.0, 34.0, 50.0, 70.0, 95.0];
/// Directions in order of preference: right, left, above, below, and between.
const DIRECTIONS: [(f64, f64); 8] =
    [(1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (0.7, -0.7), (0.7, 0.7), (-0.7, -0.7), (-0.7, 0.7)];

impl Place {
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn is_within(&self, outer: &Self) -> bool {
        self.left >= outer.left
            && self.right <= outer.right
            && self.top >= outer.top
            && self.bottom <= outer.bottom
    }

    fn around((x, y): (f64, f64), half: f64) -> Self {
        Self { left: x - half, top: y - half, right: x + half, bottom: y + half }
    }

    /// Beside `point`, `distance` away in a direction.
    fn beside((x, y): (f64, f64), width: f64, (dx, dy): (f64, f64), distance: f64) -> Self {
        let (cx, cy) = (x + dx * (distance + width / 2.0), y + dy * (distance + HEIGHT / 2.0));
        Self {
            left: cx - width / 2.0,
            top: cy - HEIGHT / 2.0,
            right: cx + width / 2.0,
            bottom: cy + HEIGHT / 2.0,
        }
    }
}

/// One label a point, in the order of the points. Where a chart is so full that no place is free, the name
/// stands right of its point all the same.
pub(crate) fn place_all(points: &[((f64, f64), &str)], inside: &Place) -> Vec<Label> {
    let marks: Vec<Place> = points.iter().map(|(point, _)| Place::around(*point, POINT)).collect();
    let mut labels: Vec<Label> = Vec::new();
    for (point, name) in points {
        let width = name.chars().count() as f64 * LETTER_WIDTH;
        let tries = DISTANCES.iter().flat_map(|distance| {
            DIRECTIONS
                .iter()
                .map(move |direction| (*distance, Place::beside(*point, width, *direction, *distance)))
        });
        let free = |place: &Place| {
            let on_label = labels.iter().any(|label| label.place.overlaps(place));
            place.is_within(inside) && !on_label && !marks.iter().any(|mark| mark.overlaps(place))
        };
        let found = tries.into_iter().find(|(_, place)| free(place));
        let (distance, place) =
            found.unwrap_or((DISTANCES[0], Place::beside(*point, width, DIRECTIONS[0], DISTANCES[0])));
        labels.push(Label { place, leader: distance > DISTANCES[1] });
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INSIDE: Place = Place { left: 0.0, top: 0.0, right: 800.0, bottom: 400.0 };

    #[test]
    fn a_lone_name_stands_right_of_its_point() {
        let labels = place_all(&[((100.0, 100.0), "proof-stream")], &INSIDE);
        assert!(labels[0].place.left >= 108.0 && !labels[0].leader);
    }

    #[test]
    fn a_name_at_the_right_edge_stands_left() {
        let labels = place_all(&[((790.0, 100.0), "proof-stream")], &INSIDE);
        assert!(labels[0].place.right <= 782.0);
    }

    #[test]
    fn eight_names_at_one_point_are_all_read() {
        let points: Vec<_> = (0..8).map(|n| ((400.0 + f64::from(n), 200.0), "proof-something")).collect();
        let labels = place_all(&points, &INSIDE);
        for (index, label) in labels.iter().enumerate() {
            assert!(labels[..index].iter().all(|other| !other.place.overlaps(&label.place)), "{labels:?}");
        }
    }

    proptest! {
        #[test]
        fn ten_names_never_overlap(places in proptest::collection::vec((10.0..790.0f64, 10.0..390.0f64), 1..10)) {
            let points: Vec<_> = places.iter().map(|place| (*place, "proof-seed-v1")).collect();
            let labels = place_all(&points, &INSIDE);
            for (index, label) in labels.iter().enumerate() {
                prop_assert!(labels[..index].iter().all(|other| !other.place.overlaps(&label.place)));
                prop_assert!(label.place.is_within(&INSIDE));
            }
        }
    }
}
