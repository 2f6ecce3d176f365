//! The integers that name classes.

use sealed::Sealed;

mod sealed {
    pub trait Sealed: Sized {
        /// A list of such numbers.
        fn list(numbers: &[Self]) -> super::Integers<'_>;
    }
}

/// A number that names a class: any integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the index of a class",
    label = "not an integer",
    note = "targets of a single-label loss are an array of integers, one per row of logits; targets that are spread over classes are \
            `Targets::dense(&array)`",
    note = "offsets and indices of sparse labels are slices of integers, of whatever type each"
)]
pub trait ClassIndex: Sealed + Copy + PartialEq + Send + Sync + 'static {
    /// The class, unless the number is negative or too large.
    fn class(self) -> Option<usize>;

    /// The number, for messages; the nearest one that `i128` has.
    fn number(self) -> i128;
}

macro_rules! class_index {
    ($($integer:ident)*) => {
        /// A list of integers of any type, which is borrowed as it is.
        #[derive(Clone, Copy, Debug)]
        #[allow(non_camel_case_types)]
        pub enum Integers<'a> {
            $($integer(&'a [$integer]),)*
        }

        impl Integers<'_> {
            pub(crate) fn len(self) -> usize {
                match self {
                    $(Integers::$integer(numbers) => numbers.len(),)*
                }
            }

            /// The number at a position; the largest, which is no class, for one that is none or not there.
            #[inline(always)]
            pub(crate) fn at(self, position: usize) -> usize {
                match self {
                    $(Integers::$integer(numbers) => {
                        numbers.get(position).and_then(|number| number.class()).unwrap_or(usize::MAX)
                    })*
                }
            }

            /// The number at a position, for messages.
            pub(crate) fn number(self, position: usize) -> i128 {
                match self {
                    $(Integers::$integer(numbers) => numbers.get(position).map_or(-1, |number| number.number()),)*
                }
            }
        }

        $(impl Sealed for $integer {
            fn list(numbers: &[Self]) -> Integers<'_> {
                Integers::$integer(numbers)
            }
        }

        impl ClassIndex for $integer {
            #[inline(always)]
            fn class(self) -> Option<usize> {
                usize::try_from(self).ok()
            }

            #[inline(always)]
            fn number(self) -> i128 {
                i128::try_from(self).unwrap_or(i128::MAX)
            }
        })*
    };
}
class_index!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
