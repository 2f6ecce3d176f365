//! The constants of a loss in every element type.

use crate::arithmetic::element::Float;
use crate::arrays::threads::join;
use crate::kernel::kind::Kind;
use crate::settings::list::SettingsList;
use std::borrow::Cow;
use std::sync::Arc;

/// A loss in every element type. Its copies share the constants, on which the reduction has no influence.
#[derive(Clone, Debug)]
pub struct Plans<K: Kind> {
    pub(crate) settings: K::Settings,
    pub(crate) single: Arc<K::Plan<f32>>,
    pub(crate) double: Arc<K::Plan<f64>>,
}

impl<K: Kind> Plans<K> {
    pub(crate) fn new(settings: K::Settings) -> Self {
        let classes = settings.classes().unwrap_or(1);
        let (single, double) = join(classes, || K::plan(&settings), || K::plan(&settings));
        Plans { single: Arc::new(single), double: Arc::new(double), settings }
    }

    /// The constants for an element type.
    pub(crate) fn plan<T: Float>(&self) -> Cow<'_, K::Plan<T>> {
        T::plan(self)
    }
}
