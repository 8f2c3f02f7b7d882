using System.Buffers.Binary;
using System.Net.Sockets;

namespace Relaybox.Testing;

/// <summary>The way to a PostgreSQL server.</summary>
/// <param name="serverPort">Where the server is.</param>
public sealed class PostgresProxy(int serverPort) : WireProxy(serverPort)
{
    /// <summary>Ends a connection as a server does that is stopped at once: it says so, sends whatever else it had ready, and is gone.</summary>
    /// <param name="wire">The connection.</param>
    public static async Task CrashAsync(Wire wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        var fields = "SFATAL\0VFATAL\0C57P02\0Mterminating connection due to immediate shutdown command\0\0"u8.ToArray();
        var message = new byte[5 + fields.Length];
        message[0] = (byte)'E';
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), message.Length - 1);
        fields.CopyTo(message, 5);
        await wire.Client.SendAsync(message);
        wire.Client.Shutdown(SocketShutdown.Send);
        wire.Server.Dispose();
    }

    // The last message of a statement tells the server to commit; in its place comes one that asks for the answer alone.
    protected override void HoldBackCommit(Span<byte> statement)
    {
        if (!statement.EndsWith("S\0\0\0\u0004"u8))
        {
            throw new InvalidOperationException("The statement does not end with Sync.");
        }

        statement[^5] = (byte)'H';
    }
}
