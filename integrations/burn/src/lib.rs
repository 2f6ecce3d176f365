//! The asymmetric loss as an operation of burn on the processor, with its gradient.

pub mod plain;

use asymmetric_loss::{AsymmetricLoss, ndarray::ArrayViewD, ndarray::ArrayViewMutD, ndarray::ShapeError};
use burn::backend::autodiff::{checkpoint::base::Checkpointer, checkpoint::strategy::NoCheckpointing};
use burn::backend::autodiff::{grads::Gradients, ops::Backward, ops::Ops, ops::OpsKind, ops::unary};
use burn::backend::{Autodiff, Flex, flex::FlexTensor, ops::FloatTensorOps};
use burn::tensor::{FloatDType, Tensor, TensorData};

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The reduced loss of logits on an autodiff device, as one element from which `backward` goes on to the logits.
pub fn asymmetric_loss<const D: usize>(
    loss: &AsymmetricLoss,
    logits: Tensor<D>,
    labels: Tensor<D>,
) -> Result<Tensor<1>, Error> {
    let logits = logits.cast(FloatDType::F32).try_into_primitive::<Autodiff<Flex>>().map_err(|e| format!("{e:?}"))?;
    let labels = labels.inner().cast(FloatDType::F32).try_into_primitive::<Flex>().map_err(|e| format!("{e:?}"))?;
    let (z, y) = (logits.primitive().to_contiguous(), labels.to_contiguous());
    let mut gradient = vec![0.0; z.layout().num_elements()];
    let of_logits = &mut ArrayViewMutD::from_shape(z.layout().shape().to_vec(), &mut gradient)?;
    let value = loss.value_and_gradient_into(&view(&z)?, &view(&y)?, of_logits)?;

    let value = FlexTensor::from_data(TensorData::new(vec![value], [1]));
    let gradient = FlexTensor::from_data(TensorData::new(gradient, z.layout().shape().clone()));
    let fused = Fused.prepare::<NoCheckpointing>([logits.node()]).compute_bound().stateful();
    Ok(Tensor::from_primitive::<Autodiff<Flex>>(match fused {
        OpsKind::Tracked(fused) => fused.finish(gradient, value),
        OpsKind::UnTracked(fused) => fused.finish(value),
    }))
}

/// The elements of a contiguous tensor where they are.
fn view(tensor: &FlexTensor) -> Result<ArrayViewD<'_, f32>, ShapeError> {
    ArrayViewD::from_shape(tensor.layout().shape().to_vec(), tensor.storage())
}

/// One pass over the logits gives value and gradient: the gradient waits for the backward pass, as the state of this operation.
#[derive(Debug)]
struct Fused;

impl Backward<Flex, 1> for Fused {
    type State = FlexTensor;

    fn backward(self, ops: Ops<FlexTensor, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        unary::<Flex, _>(ops.parents, ops.node, gradients, |upstream| {
            Flex::float_mul_scalar(ops.state, upstream.to_contiguous().storage::<f32>()[0].into())
        });
    }
}
