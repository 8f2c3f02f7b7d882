using NATS.Client.Core;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats;

public class AuthenticationTests
{
    [Fact]
    public async Task User_and_password_are_checked_also_from_the_url()
    {
        await using var server = await NatsServer.StartAsync("authorization { user: me, password: \"s3cret:@\" }");
        await AcceptsAsync(server.Url, new NatsAuthOpts { Username = "me", Password = "s3cret:@" });
        await AcceptsAsync($"nats://me:{Uri.EscapeDataString("s3cret:@")}@127.0.0.1:{server.Port}", NatsAuthOpts.Default);
        await RefusesAsync(server.Url, new NatsAuthOpts { Username = "me", Password = "wrong" });
        await RefusesAsync(server.Url, new NatsAuthOpts { Username = "you", Password = "s3cret:@" });
        await RefusesAsync(server.Url, NatsAuthOpts.Default);
    }

    [Fact]
    public async Task A_token_is_checked()
    {
        await using var server = await NatsServer.StartAsync("authorization { token: \"t0ken\" }");
        await AcceptsAsync(server.Url, new NatsAuthOpts { Token = "t0ken" });
        await AcceptsAsync($"nats://t0ken@127.0.0.1:{server.Port}", NatsAuthOpts.Default);
        await RefusesAsync(server.Url, new NatsAuthOpts { Token = "other" });
    }

    [Fact]
    public async Task The_text_of_a_refusal_holds_no_secret()
    {
        await using var server = await NatsServer.StartAsync("authorization { user: me, password: right }");
        await using var connection = Streams.Connect($"nats://me:hunter2@127.0.0.1:{server.Port}");
        var refused = await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
    }

    internal static async Task AcceptsAsync(string url, NatsAuthOpts auth)
    {
        await using var connection = Streams.Connect(url, o => o with { AuthOpts = auth });
        await connection.ConnectAsync();
        await connection.PingAsync();
    }

    internal static async Task RefusesAsync(string url, NatsAuthOpts auth)
    {
        await using var connection = Streams.Connect(url, o => o with { AuthOpts = auth });
        var refused = await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
        Assert.True(refused.InnerException is NatsServerException { IsAuthError: true }, refused.ToString());
    }
}
