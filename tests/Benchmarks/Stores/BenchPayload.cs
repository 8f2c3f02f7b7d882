namespace Relaybox.Benchmarks.Stores;

/// <summary>The payload of every row and message: JSON of 1 KiB.</summary>
internal static class BenchPayload
{
    private const int Length = 1024;

    public static string Text { get; } = $$"""{"orderId":"o-1","note":"{{new string('x', Length - 28)}}"}""";

    /// <summary>The same as an expression of SQL.</summary>
    public static string Sql { get; } = $"'{Text}'";
}
