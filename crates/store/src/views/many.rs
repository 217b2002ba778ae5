//! A set that almost always has one element, and may have very many.

use std::hash::{Hash, Hasher};

use rpds::RedBlackTreeSetSync;

/// Nothing, one, or many of a kind; copying it costs the same however many there are.
#[derive(Clone, Debug, Default)]
pub enum Many<T: Ord> {
    /// Nothing.
    #[default]
    None,
    /// One.
    One(T),
    /// Several, or fewer after some went.
    Several(RedBlackTreeSetSync<T>),
}

impl<T: Ord> PartialEq for Many<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Ord + Hash> Hash for Many<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for element in self.iter() {
            element.hash(state);
        }
    }
}

impl<T: Ord> Many<T> {
    /// The elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let (one, several) = match self {
            Self::None => (None, None),
            Self::One(element) => (Some(element), None),
            Self::Several(elements) => (None, Some(elements.iter())),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Puts an element in.
    pub fn insert(&mut self, element: T) {
        match std::mem::take(self) {
            Self::None => *self = Self::One(element),
            Self::One(present) if present == element => *self = Self::One(present),
            Self::One(present) => {
                let mut elements = RedBlackTreeSetSync::new_sync();
                elements.insert_mut(present);
                elements.insert_mut(element);
                *self = Self::Several(elements);
            }
            Self::Several(mut elements) => {
                elements.insert_mut(element);
                *self = Self::Several(elements);
            }
        }
    }

    /// Takes an element out, if it is there.
    pub fn remove(&mut self, element: &T) {
        match self {
            Self::One(present) if present == element => *self = Self::None,
            Self::None | Self::One(_) => {}
            Self::Several(elements) => {
                elements.remove_mut(element);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_set_whatever_its_size() {
        let mut many = Many::default();
        for element in [2, 2, 1, 3, 3] {
            many.insert(element);
        }
        assert_eq!(many.iter().copied().collect::<Vec<_>>(), [1, 2, 3]);
        for element in [2, 9, 1, 3] {
            many.remove(&element);
        }
        assert!(many.is_empty());
        many.insert(4);
        assert_eq!(many, Many::One(4));
    }
}
