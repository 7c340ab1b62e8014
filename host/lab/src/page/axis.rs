//! From values to places, and where lines are drawn.

/// One axis: values from `low` to `high` lie between the places `from` and `to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Axis {
    pub(crate) const fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self { low, high, from, to, logarithmic: false }
    }

    /// Around positive `values`, with room on both sides, and a decade at least.
    pub(crate) fn logarithmic(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Self> {
        let positive = values.filter(|value| *value > 0.0 && value.is_finite());
        let (low, high) =
            positive.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        if high <= 0.0 {
            return None;
        }
        let (low, high) = (low.log10() - 0.25, high.log10() + 0.25);
        let lack = (1.0 - (high - low)).max(0.0) / 2.0;
        Some(Self { low: low - lack, high: high + lack, from, to, logarithmic: true })
    }

    /// Between two positive values.
    pub(crate) fn logarithmic_between(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self { low: low.log10(), high: high.log10(), from, to, logarithmic: true }
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.log10() } else { value };
        self.from + (self.to - self.from) * (value - self.low) / (self.high - self.low)
    }

    /// From 0, or from the least value where that is below, to the largest, with room above.
    pub(crate) fn from_zero(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) =
            finite.fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let high = if high > low { high + (high - low) * 0.06 } else { low + 1.0 };
        Self::linear(low, high, from, to)
    }

    /// Values of a linear axis at which there is a line: about six, apart by 1, 2 or 5 times a power of ten.
    pub(crate) fn steps(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 7.0;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * decade).into_iter().find(|step| *step >= rough * 0.999);
        let step = step.unwrap_or(rough);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last).map(|n| n as f64 * step).collect()
    }

    /// Values of a logarithmic axis at which there is a line: 1, 2 and 5 of each decade, or every decade where
    /// there are more than three.
    pub(crate) fn decades(&self) -> Vec<f64> {
        let steps: &[f64] = if self.high - self.low > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let exponents = self.low.floor() as i32..=self.high.ceil() as i32;
        let values = exponents.flat_map(|exponent| steps.iter().map(move |step| step * 10f64.powi(exponent)));
        values.filter(|value| (self.low..=self.high).contains(&value.log10())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_holds_its_values_and_at_least_a_decade() {
        let axis = Axis::logarithmic([10.0, 1000.0].into_iter(), 0.0, 100.0).unwrap();
        assert!(axis.place(10.0) > 5.0 && axis.place(1000.0) < 95.0);
        assert!((axis.place(100.0) - 50.0).abs() < 1e-9);
        let one = Axis::logarithmic([5.0, -1.0, f64::NAN].into_iter(), 0.0, 100.0).unwrap();
        assert!((one.place(5.0) - 50.0).abs() < 1e-9);
        assert!(one.decades().len() >= 2, "{:?}", one.decades());
        assert!(Axis::logarithmic([0.0].into_iter(), 0.0, 1.0).is_none());
    }

    #[test]
    fn a_linear_axis_has_about_six_lines_at_round_values() {
        let lines = |values: &[f64]| Axis::from_zero(values.iter().copied(), 0.0, 1.0).steps();
        assert_eq!(lines(&[0.3, 1.0]).len(), 6);
        assert_eq!(lines(&[47.0]), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(lines(&[-1.0, 2.0]), [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]);
        assert!(lines(&[]).len() > 3 && lines(&[f64::NAN, 0.0]).len() > 3);
    }

    #[test]
    fn many_decades_have_a_line_each() {
        let axis = Axis::logarithmic_between(1e-3, 1e3, 0.0, 1.0);
        let decades: Vec<String> = axis.decades().iter().map(|value| format!("{value}")).collect();
        assert_eq!(decades, ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(Axis::linear(0.0, 1.0, 100.0, 0.0).place(0.25), 75.0);
    }
}
