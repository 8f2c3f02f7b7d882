using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the database. The tests ask for what is always demanded outside loopback, as
/// <see cref="MySqlConnectionTextTests"/> shows: a server that is verified in full.
/// </summary>
public sealed class MySqlTlsTests : TlsConformance
{
    [Fact]
    public async Task A_server_without_tls_is_refused_and_learns_nothing()
    {
        await using var plain = new PlainServer();

        await RefusesAsync(plain.Port, Trusted, "it offers no TLS");

        // The client may say that it goes: five bytes. It does not say who it is.
        Assert.InRange(plain.Said.Count, 0, 5);
    }

    private protected override async Task<TlsServer> StartAsync(Certificates authority, ServerCertificate certificate)
    {
        var server = await MySqlServer.StartAsync(Password, certificate);
        return new(server, server.Port);
    }

    private protected override async Task AssertIsUsedOverTlsAsync(int port)
    {
        await using var connections = Connections(port, Trusted);
        await using var connection = await connections.OpenConnectionAsync(Ct);
        await using var command = new MySqlCommand("SHOW SESSION STATUS LIKE 'Ssl_cipher'", connection);
        Assert.NotEqual("", Assert.Single(await command.ReadCommittedAsync(row => row.GetString(1), Ct)));
    }

    private protected override async Task<(Exception Refused, Exception? Explained)> FailAsync(int port, Certificates? trusted)
    {
        await using var connections = Connections(port, trusted);
        var refused = await Assert.ThrowsAsync<MySqlException>(async () => await connections.OpenConnectionAsync(Ct));
        return (refused, connections.Explain(refused));
    }

    private static MySqlConnections Connections(int port, Certificates? trusted) => new(
        new SqlConnectionOptions
        {
            Url = $"mysql://root:{Password}@{Host}:{port}/mysql?ssl-mode=verify_identity",
            CertificateAuthorityFile = trusted?.AuthorityFile,
        },
        new NoSecrets());

    /// <summary>Says that it is a MySQL server without TLS, and writes down what the client says then.</summary>
    private sealed class PlainServer : IAsyncDisposable
    {
        private static readonly byte[] Greeting =
        [
            10, .. "8.0.36\0"u8, 1, 0, 0, 0, .. "abcdefgh"u8, 0, .. Capabilities(0xA20F), 45, 2, 0, .. Capabilities(0x0008), 21, .. new byte[10],
            .. "ijklmnopqrst\0"u8, .. "mysql_native_password\0"u8,
        ];

        private readonly ConcurrentQueue<byte> _said = [];
        private readonly LoopbackListener _listener;

        public PlainServer() => _listener = new LoopbackListener((client, ct) => ServeAsync(client.GetStream(), ct));

        public int Port => _listener.Port;

        public IReadOnlyCollection<byte> Said => _said;

        public ValueTask DisposeAsync() => _listener.DisposeAsync();

        private static byte[] Capabilities(ushort bits)
        {
            var bytes = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, bits);
            return bytes;
        }

        private async Task ServeAsync(NetworkStream stream, CancellationToken stop)
        {
            await stream.WriteAsync((byte[])[(byte)Greeting.Length, 0, 0, 0, .. Greeting], stop);
            var buffer = new byte[1024];
            while (await stream.ReadAsync(buffer, stop) is > 0 and var count)
            {
                foreach (var b in buffer.AsSpan(0, count))
                {
                    _said.Enqueue(b);
                }
            }
        }
    }
}
