"""The addresses of smaller copies, by each host's own rule, with addresses as real feeds have them."""

from __future__ import annotations

import pytest

from pipeline.letter.images.cdn_sizes import sized

SQUARESPACE = "https://images.squarespace-cdn.com/content/v1/5f9/1604-PJL/anne.jpg"
STATIC = "https://static1.squarespace.com/static/554/57d/5e9/1587067534113"
WIX = "https://static.wixstatic.com/media/3b23e7_7df7e97ed9fa4a2ebcd1ce15380a7170~mv2"
S3 = "https%3A%2F%2Fsubstack-post-media.s3.amazonaws.com%2Fpublic%2Fimages%2F7a71a4f9_2048x1152.jpeg"
BLOGGER = "https://blogger.googleusercontent.com/img/b/R29vZ2xl/AVvXsEjI"
GHOST = "https://blog.example.org/content/images"
UPLOADS = "https://example.org/wp-content/uploads/2024/05"


@pytest.mark.parametrize(
    ("address", "smaller"),
    [
        (f"{SQUARESPACE}?format=1500w", f"{SQUARESPACE}?format=750w"),
        (SQUARESPACE, f"{SQUARESPACE}?format=750w"),
        (f"{STATIC}/1500w/pill_1-740x525.jpg", f"{STATIC}/750w/pill_1-740x525.jpg"),
        (f"{STATIC}/pill_1.jpg?format=original", f"{STATIC}/pill_1.jpg?format=750w"),
        (
            "https://i0.wp.com/example.org/a.jpg?resize=150%2C150&ssl=1",
            "https://i0.wp.com/example.org/a.jpg?ssl=1&w=1200",
        ),
        (
            "https://blog.files.wordpress.com/2011/11/list.jpeg?w=100&h=62&crop=1",
            "https://blog.files.wordpress.com/2011/11/list.jpeg?w=1200",
        ),
        (f"{WIX}.jpg", f"{WIX}.jpg/v1/fit/w_1200,h_1200,q_80/file.jpg"),
        (f"{WIX}.webp/v1/fill/w_600,h_400,al_c/a.webp", f"{WIX}.webp/v1/fit/w_1200,h_1200,q_80/file.jpg"),
        (
            f"{WIX}.png/v1/fit/w_1000,h_1000,al_c,q_80/file.png",
            f"{WIX}.png/v1/fit/w_1200,h_1200,q_80/file.png",
        ),
        (
            f"https://substackcdn.com/image/fetch/$s_!RSM6!,f_auto,q_auto:good,fl_progressive:steep/{S3}",
            "https://substackcdn.com/image/fetch/$s_!RSM6!,w_1200,c_limit,f_auto,q_auto:good,"
            f"fl_progressive:steep/{S3}",
        ),
        (
            f"https://substackcdn.com/image/fetch/w_256,h_256,c_fill,f_auto,g_auto/{S3}",
            f"https://substackcdn.com/image/fetch/w_1200,c_limit,f_auto/{S3}",
        ),
        (f"{BLOGGER}/s72-c/lake.jpg", f"{BLOGGER}/s1200/lake.jpg"),
        (f"{BLOGGER}/s320/lake.jpg", f"{BLOGGER}/s1200/lake.jpg"),
        (f"{BLOGGER}/w640-h480-rw/lake.jpg", f"{BLOGGER}/s1200/lake.jpg"),
        (
            "https://1.bp.blogspot.com/-9Ld/XyZ/AAA/s1600/lake.jpg",
            "https://1.bp.blogspot.com/-9Ld/XyZ/AAA/s1200/lake.jpg",
        ),
        ("https://lh3.googleusercontent.com/abc=s72-c", "https://lh3.googleusercontent.com/abc=s1200"),
        (
            "https://cdn-images-1.medium.com/max/938/1*C_nVpehD-NKBgtVEULabmQ.jpeg",
            "https://miro.medium.com/v2/resize:fit:1200/1*C_nVpehD-NKBgtVEULabmQ.jpeg",
        ),
        (
            "https://miro.medium.com/v2/resize:fill:88:88/0*3laci2yEUnPMEq1M",
            "https://miro.medium.com/v2/resize:fit:1200/0*3laci2yEUnPMEq1M",
        ),
        (f"{GHOST}/2019/02/image-2.png", f"{GHOST}/size/w1000/2019/02/image-2.png"),
        (f"{GHOST}/size/w2000/2019/02/image-2.png", f"{GHOST}/size/w1000/2019/02/image-2.png"),
        (f"{UPLOADS}/a-walk-300x200.jpg", f"{UPLOADS}/a-walk.jpg"),
        (f"{UPLOADS}/a-walk-150x150.jpg?x=1", f"{UPLOADS}/a-walk.jpg"),
    ],
)
def test_a_known_host_is_asked_for_the_size_a_letter_needs(address: str, smaller: str) -> None:
    assert sized(address) == smaller
    assert sized(smaller) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/images/a.jpg?format=1500w",
        "https://squarespace-cdn.com.example.org/content/v1/a.jpg",
        "https://i0.wp.com.example.org/a.jpg",
        f"{UPLOADS}/a-walk.jpg",
        f"{UPLOADS}/a-walk-1024x683.jpg",
        f"{GHOST}/2019/02/drawing.svg",
        f"{WIX}.gif",
        "https://static.wixstatic.com/shapes/3b23e7.svg",
        "https://cdn-images-1.medium.com/proxy/1*TGH72Nnw24QL3iV9IOm4VA.png",
        "https://substackcdn.com/image/upload/a.png",
        "http://[broken/a.jpg",
    ],
)
def test_every_other_address_is_left_as_it_is(address: str) -> None:
    assert sized(address) is None
