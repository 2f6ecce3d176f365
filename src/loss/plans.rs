//! The constants of a loss in every element type.

use crate::arithmetic::element::{ByType, Float};
use crate::arrays::threads::join;
use crate::kernel::kind::Kind;
use crate::settings::list::SettingsList;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

/// A loss in every element type. Its copies share the constants, on which the reduction has no influence.
#[derive(Clone, Debug)]
pub(crate) struct Plans<K: Kind> {
    pub(crate) settings: K::Settings,
    single: Arc<K::Plan<f32>>,
    double: Arc<K::Plan<f64>>,
}

impl<K: Kind> Plans<K> {
    pub(crate) fn new(settings: K::Settings) -> Self {
        let classes = settings.classes().unwrap_or(1);
        let (single, double) = join(classes, || K::plan(&settings), || K::plan(&settings));
        Plans { single: Arc::new(single), double: Arc::new(double), settings }
    }

    /// The constants for an element type.
    pub(crate) fn plan<T: Float>(&self) -> Cow<'_, K::Plan<T>> {
        T::evaluate::<Constants<K>>(self)
    }
}

/// The constants of a loss of a kind, by element type.
struct Constants<K>(PhantomData<K>);

impl<K: Kind> ByType for Constants<K> {
    type Input<'a, T: Float> = &'a Plans<K>;
    type Output<'a, T: Float> = Cow<'a, K::Plan<T>>;

    fn single<'a>(plans: Self::Input<'a, f32>) -> Self::Output<'a, f32> {
        Cow::Borrowed(&plans.single)
    }

    fn double<'a>(plans: Self::Input<'a, f64>) -> Self::Output<'a, f64> {
        Cow::Borrowed(&plans.double)
    }

    fn any<'a, T: Float>(plans: Self::Input<'a, T>) -> Self::Output<'a, T> {
        Cow::Owned(K::plan(&plans.settings))
    }
}
