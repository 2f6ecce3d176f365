//! The asymmetric loss as an operation of candle, with its gradient.

pub mod plain;

use asymmetric_loss::AsymmetricLoss;
use asymmetric_loss::ndarray::{ArrayViewD, ArrayViewMutD, IxDyn, ShapeBuilder};
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Storage, Tensor, bail, error::Error};

/// The reduced loss of logits in `f32`, a tensor without axes from which `backward` goes on to the logits.
///
/// Labels may be of any type; those that are not `f32` are converted, which copies them.
pub fn asymmetric_loss(loss: &AsymmetricLoss, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let labels = labels.to_dtype(DType::F32)?;
    let mut gradient = vec![0.0; logits.elem_count()];
    let value = {
        let ((logits, of_logits), (labels, of_labels)) = (logits.storage_and_layout(), labels.storage_and_layout());
        let gradient = &mut ArrayViewMutD::from_shape(of_logits.dims(), &mut gradient).map_err(Error::wrap)?;
        loss.value_and_gradient_into(&view(&logits, of_logits)?, &view(&labels, of_labels)?, gradient)
            .map_err(Error::wrap)?
    };
    logits.apply_op1(Fused { value, gradient: Tensor::from_vec(gradient, logits.dims(), logits.device())? })
}

/// The elements of a tensor where they are, whatever its strides.
fn view<'a>(storage: &'a Storage, layout: &Layout) -> Result<ArrayViewD<'a, f32>> {
    let Storage::Cpu(storage) = storage else { bail!("the asymmetric loss runs on the processor") };
    let shape = IxDyn(layout.dims()).strides(IxDyn(layout.stride()));
    ArrayViewD::from_shape(shape, &storage.as_slice()?[layout.start_offset()..]).map_err(Error::wrap)
}

/// Value and gradient, which one pass over the logits gives: the gradient waits for the backward pass.
struct Fused {
    value: f32,
    gradient: Tensor,
}

impl CustomOp1 for Fused {
    fn name(&self) -> &'static str {
        "asymmetric-loss"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![self.value]), Shape::from(())))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, upstream: &Tensor) -> Result<Option<Tensor>> {
        self.gradient.affine(upstream.to_scalar::<f32>()?.into(), 0.0).map(Some)
    }
}
