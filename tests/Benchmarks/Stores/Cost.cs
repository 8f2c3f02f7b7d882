namespace Relaybox.Benchmarks.Stores;

/// <summary>What some work has cost a server, counted.</summary>
/// <param name="Name">What, such as <c>commits</c>.</param>
/// <param name="Total">How much, for all of the work.</param>
/// <param name="IsOfRows">Whether it grows with the rows, as bytes do; otherwise with the batches.</param>
internal sealed record Cost(string Name, double Total, bool IsOfRows)
{
    /// <summary>The unit of the results.</summary>
    public string Unit => IsOfRows ? "bytes" : "";
}
