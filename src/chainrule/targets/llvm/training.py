"""Training in native code: one call makes many updates, so that nothing but arithmetic happens between two of them.

This is the protocol of a training kernel, which the reference implementation in `chainrule.training.reference` keeps as
well (call R the number of rows that `order` names, B the batch):

    kernel = compile_training(program, error=Name("E"), dtype="float32")
    done = kernel.run(state, examples, order, batch, scalars, errors, given=given)

* `program.examples` are the inputs that change from update to update. Batch 1: either they have the shape of one
  example, and `batch` must be 1; or all of them have one leading symbol (N of `transforms.batch`), which is bound to the
  number of rows of each update, for any `batch` >= 1.
* `state` has an array for each label of `program.state`, of the kernel's dtype, C-contiguous and writeable; it is
  changed in place. Numbers are arrays of shape ().
* `examples` has an array (D, *shape of one example) for each of `program.examples`, of the kernel's dtype, C-contiguous;
  it may be read-only or memory-mapped, and is never copied as a whole.
* `order` is an int64 array of row numbers, each 0 <= row < D. Update k takes the rows order[k*B:(k+1)*B]; the last
  update of a call may have fewer. So a call makes ceil(R/B) updates; whoever wants another split calls again.
  A program without examples takes one entry of `order` (any row number) for each row of an update.
* `scalars` has an array of float64 with one value an update for each label of `program.scalars` (rate, key, ...), at
  least ceil(R/B) of them. Keys of `uniform` are whole numbers below 2^53 and reach it exactly, also in float32.
* `given` has the value of every other input, the same in all updates.
* `errors` is a float64 array, at least ceil(R/B) long: errors[k] is the output `error` of update k, with the state as it
  was *before* the update.
* The result is the number of updates made. An update whose error is not finite is not made: its error is written, the
  state is left as it was before it, and its number k is returned.

The same calls give the same bits, and two calls one after the other the same bits as one call with both orders joined,
as long as the first order is a multiple of B long. The GIL is released. Denormal numbers are taken as zero.
Raises `ShapeError` for a wrong shape, dtype or memory layout, naming the quantity.
"""
