using System.Buffers.Binary;
using System.Net.Sockets;

namespace Relaybox.Testing;

/// <summary>
/// The way between a client and a MongoDB server on loopback. It goes by whole messages, so that a text is not missed where one comes in
/// pieces. Clients connect with <c>directConnection=true</c>.
/// </summary>
/// <param name="serverPort">Where the server is.</param>
public sealed class MongoProxy(int serverPort) : WireProxy(serverPort)
{
    private const int LargestMessage = 64 * 1024 * 1024;

    /// <summary>How a client connects through it.</summary>
    public string ConnectionString => $"mongodb://127.0.0.1:{Port}/?directConnection=true";

    /// <summary>A whole message, which begins with its length.</summary>
    private protected override async ValueTask<Memory<byte>> ReadAsync(Socket socket, byte[] buffer, CancellationToken cancellationToken)
    {
        var length = buffer.AsMemory(0, sizeof(int));
        if (!await FillAsync(socket, length, cancellationToken))
        {
            return default;
        }

        var size = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(length.Span), length.Length, LargestMessage);
        var message = size <= buffer.Length ? buffer.AsMemory(0, size) : new byte[size];
        length.CopyTo(message);
        return await FillAsync(socket, message[length.Length..], cancellationToken) ? message : default;
    }

    private static async Task<bool> FillAsync(Socket socket, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes, cancellationToken);
            if (count == 0)
            {
                return false;
            }

            bytes = bytes[count..];
        }

        return true;
    }
}
