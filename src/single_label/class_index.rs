//! The integers that name classes.

use sealed::Sealed;

mod sealed {
    pub trait Sealed {}
}

/// A number that names a class: any integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the index of a class",
    label = "not an integer",
    note = "targets are an array of integers, one per row of logits; targets that are spread over classes are \
            `Targets::dense(&array)`"
)]
pub trait ClassIndex: Sealed + Copy + PartialEq + Send + Sync + 'static {
    /// The class, unless the number is negative or too large.
    fn class(self) -> Option<usize>;

    /// The number, for messages; the nearest one that `i128` has.
    fn number(self) -> i128;
}

macro_rules! class_index {
    ($($integer:ident)*) => {$(
        impl Sealed for $integer {}

        impl ClassIndex for $integer {
            #[inline(always)]
            fn class(self) -> Option<usize> {
                usize::try_from(self).ok()
            }

            #[inline(always)]
            fn number(self) -> i128 {
                i128::try_from(self).unwrap_or(i128::MAX)
            }
        }
    )*};
}
class_index!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
