// Principal components: the two directions with the largest differences between rows of numbers.

const TURNS = 60; // of the power iteration

/**
 * {places: [[x, y]…] of each row, axes: two unit vectors}. values has rows × cols numbers.
 * `before`: the axes of an earlier call, which these follow instead of turning at random.
 */
export function principal(values, rows, cols, before) {
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows * cols; i++) mean[i % cols] += values[i] / rows;
  const centred = Float64Array.from(values.subarray(0, rows * cols), (v, i) => v - mean[i % cols]);

  const axes = [];
  for (let k = 0; k < 2; k++) {
    let axis = before?.[k] ?? Float64Array.from({ length: cols }, (_, i) => Math.cos(i * (k + 1)));
    for (let turn = 0; turn < TURNS; turn++) {
      const next = new Float64Array(cols);
      for (let r = 0; r < rows; r++) {
        const row = centred.subarray(r * cols, (r + 1) * cols);
        const along = dot(row, axis);
        for (let i = 0; i < cols; i++) next[i] += along * row[i];
      }
      for (const other of axes) {
        const along = dot(next, other);
        for (let i = 0; i < cols; i++) next[i] -= along * other[i];
      }
      const length = Math.sqrt(dot(next, next)) || 1;
      axis = next.map((value) => value / length);
    }
    axes.push(axis);
  }
  const places = Array.from({ length: rows }, (_, r) => {
    const row = centred.subarray(r * cols, (r + 1) * cols);
    return axes.map((axis) => dot(row, axis));
  });
  return { places, axes };
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
