using Relaybox.Maintenance;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What every job store does: derive, and say how time passes.</summary>
public abstract class JobStoreConformance : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private IJobStore? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IJobStore Store => _store ?? throw new InvalidOperationException("The test has not begun.");

    public async ValueTask InitializeAsync() => _store = await CreateStoreAsync();

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<IJobStore> CreateStoreAsync();

    protected abstract Task PassAsync(TimeSpan time);

    [Fact]
    public async Task A_job_is_held_until_its_lease_ends()
    {
        var first = await AcquireAsync("cleanup");
        Assert.Equal(("cleanup", null), (first.Job, first.Cursor));
        Assert.Null(await Store.TryAcquireAsync("cleanup", Lease, Ct));
        await PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.NotEqual(first.Token, (await AcquireAsync("cleanup")).Token);
    }

    [Fact]
    public async Task One_job_does_not_hold_another()
    {
        await AcquireAsync("cleanup");
        await AcquireAsync("reset");
    }

    [Fact]
    public async Task Of_many_at_once_one_gets_the_job()
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Store.TryAcquireAsync("cleanup", Lease, Ct))));
        Assert.Single(leases, lease => lease is not null);
    }

    [Fact]
    public async Task The_next_run_goes_on_where_the_last_one_stopped()
    {
        var first = await AcquireAsync("cleanup");
        Assert.True(await Store.SaveAsync(first, "page 7", Lease, Ct));
        Assert.Null(await Store.TryAcquireAsync("cleanup", Lease, Ct));
        Assert.True(await Store.SaveAsync(first, "page 8", TimeSpan.Zero, Ct));
        var second = await AcquireAsync("cleanup");
        Assert.Equal("page 8", second.Cursor);
        Assert.True(await Store.SaveAsync(second, null, TimeSpan.Zero, Ct));
        Assert.Null((await AcquireAsync("cleanup")).Cursor);
    }

    [Fact]
    public async Task A_sign_of_life_holds_the_job_for_another_lease()
    {
        var lease = await AcquireAsync("cleanup");
        await PassAsync(Lease * 0.8);
        Assert.True(await Store.SaveAsync(lease, "page 1", Lease, Ct));
        await PassAsync(Lease * 0.8);
        Assert.Null(await Store.TryAcquireAsync("cleanup", Lease, Ct));
    }

    [Fact]
    public async Task A_run_that_was_taken_over_saves_nothing()
    {
        var late = await AcquireAsync("cleanup");
        await PassAsync(Lease + TimeSpan.FromSeconds(1));
        var current = await AcquireAsync("cleanup");
        Assert.True(await Store.SaveAsync(current, "page 2", Lease, Ct));

        Assert.False(await Store.SaveAsync(late, "page 1", TimeSpan.Zero, Ct));

        Assert.Null(await Store.TryAcquireAsync("cleanup", Lease, Ct));
        Assert.True(await Store.SaveAsync(current, "page 3", TimeSpan.Zero, Ct));
        Assert.Equal("page 3", (await AcquireAsync("cleanup")).Cursor);
    }

    [Fact]
    public async Task A_job_that_nobody_has_taken_cannot_be_saved() =>
        Assert.False(await Store.SaveAsync(new JobLease("nobody's", "token", null), "page 1", Lease, Ct));

    [Fact]
    public async Task Jobs_are_listed_by_what_their_names_begin_with_held_or_not()
    {
        Assert.Empty(await Store.ListAsync("operation/", Ct));
        await AcquireAsync("cleanup");
        await AcquireAsync("operation/1");
        Assert.True(await Store.SaveAsync(await AcquireAsync("operation/2"), "page 2", TimeSpan.Zero, Ct));

        Assert.Equal(
            [new("operation/1", null), new("operation/2", "page 2")],
            (await Store.ListAsync("operation/", Ct)).OrderBy(job => job.Job, StringComparer.Ordinal));
        Assert.Equal(3, (await Store.ListAsync("", Ct)).Count);
    }

    [Fact]
    public async Task A_job_is_found_by_its_whole_name_held_or_not()
    {
        Assert.Null(await Store.FindAsync("operation/1", Ct));
        var held = await AcquireAsync("operation/1");
        Assert.Equal(new("operation/1", null), await Store.FindAsync("operation/1", Ct));
        Assert.True(await Store.SaveAsync(held, "page 2", TimeSpan.Zero, Ct));
        Assert.Equal(new("operation/1", "page 2"), await Store.FindAsync("operation/1", Ct));
        Assert.Null(await Store.FindAsync("operation/", Ct));
    }

    [Fact]
    public async Task A_job_is_forgotten_by_its_holder_alone()
    {
        var late = await AcquireAsync("operation/1");
        Assert.True(await Store.SaveAsync(late, "page 1", TimeSpan.Zero, Ct));
        var current = await AcquireAsync("operation/1");
        Assert.False(await Store.DeleteAsync(late, Ct));
        Assert.True(await Store.DeleteAsync(current, Ct));
        Assert.False(await Store.DeleteAsync(current, Ct));
        Assert.Empty(await Store.ListAsync("operation/", Ct));
        Assert.Null((await AcquireAsync("operation/1")).Cursor);
    }

    private async Task<JobLease> AcquireAsync(string job)
    {
        var lease = await Store.TryAcquireAsync(job, Lease, Ct);
        Assert.NotNull(lease);
        return lease;
    }
}
