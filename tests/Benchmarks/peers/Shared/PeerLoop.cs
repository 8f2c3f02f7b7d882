using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relaybox.Benchmarks.Peers;

/// <summary>
/// The protocol of all peers, as in peer.mjs: orders come as lines of JSON on the standard input, answers go out the same way.
/// The process stays between rounds, so that no round pays for starting it.
/// </summary>
internal static class PeerLoop
{
    /// <summary>Answers orders until the input ends.</summary>
    public static async Task RunAsync(IPeer peer)
    {
        await peer.OpenAsync();
        Answer(new JsonObject { ["ready"] = true });
        while (await Console.In.ReadLineAsync() is { } line)
        {
            using var order = JsonDocument.Parse(line);
            try
            {
                Answer(new JsonObject((await peer.DoAsync(order.RootElement)).Select(
                    pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))));
            }
#pragma warning disable CA1031 // Whatever goes wrong is told to the one who gave the order.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Answer(new JsonObject { ["error"] = exception.ToString() });
            }
        }
    }

    private static void Answer(JsonObject answer)
    {
        Console.Out.WriteLine(answer.ToJsonString());
        Console.Out.Flush();
    }
}
