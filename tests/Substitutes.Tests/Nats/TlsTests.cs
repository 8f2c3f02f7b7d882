using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Substitutes.Tests.Nats;

public sealed class TlsTests(NatsServer plain) : IDisposable
{
    private readonly Certificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_and_messages_pass()
    {
        await using var server = await NatsServer.StartAsync(_certificates.NatsConfiguration(names: ["127.0.0.1", "localhost"]));
        foreach (var scheme in new[] { "tls", "nats" })
        {
            await using var connection = Connect($"{scheme}://localhost:{server.Port}", new NatsTlsOpts { CaFile = _certificates.AuthorityFile });
            await connection.ConnectAsync();
            var context = new NatsJSContext(connection);
            var stream = await Streams.CreateAsync(context);
            Assert.Equal(1UL, (await context.PublishAsync($"{stream}.a", Streams.Bytes(new string('x', 500_000)))).Seq);
            Assert.True(connection.ServerInfo!.TlsRequired);
        }
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        await using var server = await NatsServer.StartAsync(others.NatsConfiguration(names: ["127.0.0.1"]));
        await RefusesAsync($"tls://127.0.0.1:{server.Port}", new NatsTlsOpts { CaFile = _certificates.AuthorityFile }, "TLS handshake");

        // Nor is it trusted by the machine, also where TLS is the server's wish only.
        await RefusesAsync($"tls://127.0.0.1:{server.Port}", NatsTlsOpts.Default, "TLS handshake");
        await RefusesAsync($"nats://127.0.0.1:{server.Port}", NatsTlsOpts.Default, "TLS handshake");
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        await using var server = await NatsServer.StartAsync(_certificates.NatsConfiguration(names: ["nats.example.com", "127.0.0.2"]));
        await RefusesAsync($"tls://127.0.0.1:{server.Port}", new NatsTlsOpts { CaFile = _certificates.AuthorityFile }, "TLS handshake");
        await RefusesAsync($"tls://localhost:{server.Port}", new NatsTlsOpts { CaFile = _certificates.AuthorityFile }, "TLS handshake");
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        await using var server = await NatsServer.StartAsync(_certificates.NatsConfiguration(expired: true, names: "127.0.0.1"));
        await RefusesAsync($"tls://127.0.0.1:{server.Port}", new NatsTlsOpts { CaFile = _certificates.AuthorityFile }, "TLS handshake");
    }

    [Fact]
    public async Task A_server_without_tls_is_refused_where_tls_is_demanded()
    {
        await RefusesAsync($"tls://127.0.0.1:{plain.Port}", NatsTlsOpts.Default, "does not offer TLS");
        await RefusesAsync(plain.Url, new NatsTlsOpts { Mode = TlsMode.Require }, "does not offer TLS");
        await RefusesAsync(plain.Url, new NatsTlsOpts { CaFile = _certificates.AuthorityFile }, "does not offer TLS");
    }

    [Fact]
    public async Task What_a_middleman_says_in_plain_text_before_tls_ends_the_connection()
    {
        await using var server = new ScriptedNats(async peer =>
        {
            await peer.SendAsync(ScriptedNats.Info("\"tls_required\":true,\"tls_available\":true") + "PONG\r\n");
            await peer.ReadLineAsync();
        });
        await RefusesAsync($"tls://127.0.0.1:{server.Port}", NatsTlsOpts.Default, "more in plain text");
    }

    [Fact]
    public async Task Credentials_are_not_sent_to_a_server_that_strips_tls()
    {
        var heard = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedNats(async peer =>
        {
            await peer.SendAsync(ScriptedNats.Info());
            heard.TrySetResult(await peer.ReadLineAsync());
        });
        await using var connection = Streams.Connect(
            $"tls://127.0.0.1:{server.Port}", o => o with { AuthOpts = new NatsAuthOpts { Username = "u", Password = "secret" } });
        await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
        Assert.Null(await heard.Task);
    }

    private static NatsConnection Connect(string url, NatsTlsOpts tls) => Streams.Connect(url, o => o with { TlsOpts = tls });

    private static async Task RefusesAsync(string url, NatsTlsOpts tls, string reason)
    {
        await using var connection = Connect(url, tls);
        var refused = await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal(NatsConnectionState.Closed, connection.ConnectionState);
    }
}
