using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Secrets;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Who is taken for the database. The tests ask for what is always demanded outside loopback, as
/// <see cref="MySqlConnectionTextTests"/> shows: a server that is verified in full.
/// </summary>
public sealed class MySqlTlsTests : IDisposable
{
    private const string Host = "127.0.0.1";
    private const string Password = "correct-horse";

    private readonly Certificates _certificates = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_over_tls()
    {
        await using var server = await MySqlServer.StartAsync(Password, _certificates.Issue(names: Host));
        await using var connections = Connections(server.Port, _certificates);
        await using var connection = await connections.OpenConnectionAsync(Ct);
        await using var command = new MySqlCommand("SHOW SESSION STATUS LIKE 'Ssl_cipher'", connection);

        Assert.NotEqual("", Assert.Single(await command.ReadCommittedAsync(row => row.GetString(1), Ct)));
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        await using var server = await MySqlServer.StartAsync(Password, others.Issue(names: Host));

        await RefusesAsync(server.Port, _certificates, "its certificate is by an authority that is not trusted");

        // Nor does this machine trust it.
        await RefusesAsync(server.Port, null, "its certificate is by an authority that is not trusted");
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        await using var server = await MySqlServer.StartAsync(Password, _certificates.Issue(names: ["db.example.com", "127.0.0.2"]));

        await RefusesAsync(server.Port, _certificates, "or is of another name");
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        await using var server = await MySqlServer.StartAsync(Password, _certificates.Issue(expired: true, names: Host));

        await RefusesAsync(server.Port, _certificates, "has expired");
    }

    [Fact]
    public async Task A_server_without_tls_is_refused_and_learns_nothing()
    {
        await using var plain = new PlainServer();

        await RefusesAsync(plain.Port, _certificates, "it offers no TLS");

        // The client may say that it goes: five bytes. It does not say who it is.
        Assert.InRange(plain.Said.Count, 0, 5);
    }

    private static MySqlConnections Connections(int port, Certificates? trusted) => new(
        new SqlConnectionOptions
        {
            Url = $"mysql://root:{Password}@{Host}:{port}/mysql?ssl-mode=verify_identity",
            CertificateAuthorityFile = trusted?.AuthorityFile,
        },
        new NoSecrets());

    private static async Task RefusesAsync(int port, Certificates? trusted, string part)
    {
        await using var connections = Connections(port, trusted);
        var refused = await Assert.ThrowsAsync<MySqlException>(async () => await connections.OpenConnectionAsync(Ct));

        Assert.Contains(part, connections.Explain(refused)!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, refused.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Says that it is a MySQL server without TLS, and writes down what the client says then.</summary>
    private sealed class PlainServer : IAsyncDisposable
    {
        private static readonly byte[] Greeting =
        [
            10, .. "8.0.36\0"u8, 1, 0, 0, 0, .. "abcdefgh"u8, 0, .. Capabilities(0xA20F), 45, 2, 0, .. Capabilities(0x0008), 21, .. new byte[10],
            .. "ijklmnopqrst\0"u8, .. "mysql_native_password\0"u8,
        ];

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<byte> _said = [];
        private readonly Task _accepting;

        public PlainServer()
        {
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public IReadOnlyCollection<byte> Said => _said;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Dispose();
            await _accepting;
            _stop.Dispose();
        }

        private static byte[] Capabilities(ushort bits)
        {
            var bytes = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, bits);
            return bytes;
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    var stream = client.GetStream();
                    await stream.WriteAsync((byte[])[(byte)Greeting.Length, 0, 0, 0, .. Greeting], _stop.Token);
                    var buffer = new byte[1024];
                    while (await stream.ReadAsync(buffer, _stop.Token) is > 0 and var count)
                    {
                        foreach (var b in buffer.AsSpan(0, count))
                        {
                            _said.Enqueue(b);
                        }
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or InvalidOperationException)
            {
                // The test is over.
            }
        }
    }

    private sealed class NoSecrets : ISecretSource
    {
        public Task<string> GetAsync(string arn, CancellationToken cancellationToken) => throw new InvalidOperationException(arn);
    }
}
