using System.Text.Json;

namespace Relaybox.Benchmarks.Peers;

/// <summary>A peer that does what it is ordered.</summary>
internal interface IPeer : IAsyncDisposable
{
    /// <summary>Makes its schema, and starts.</summary>
    Task OpenAsync();

    /// <summary>Does what an order says, and answers with what is to be known of it.</summary>
    /// <exception cref="NotSupportedException">It cannot do this.</exception>
    Task<Dictionary<string, double>> DoAsync(JsonElement order);
}
