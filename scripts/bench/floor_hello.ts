/** The floor of the benchmark: what the runtime itself takes. */
console.log("hello");
