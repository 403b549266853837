"""Digits through a narrow layer: an autoencoder beside PCA.

What to see: an image of a digit, 64 pixels, comes back from 2, 8 or 16 numbers. PCA's
images lie on a plane through all of them; those of an autoencoder with hidden layers on
a surface that bends with them, so that as few numbers keep more of the image. All
errors are on images that did not train. The default settings count the errors of each
pixel in units of its own standard deviation, which is right for columns that measure
different things. Pixels are all in one unit, in which the errors below are: divided by
one number, and without the scales inside, they come back better still. Without hidden
layers the network is linear: that is PCA, learned the slow way. The picture has some
images that did not train, and what comes back of them from 8 numbers.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skmlp import MLPAutoencoder, MLPRegressor

IN_ONE_UNIT = MLPRegressor(activation="elu", learning_rate_init=0.01, max_iter=1000)


def error_of_pca(n_components, train, test):
    pca = PCA(n_components).fit(train)
    returned = pca.inverse_transform(pca.transform(test))
    return np.square(returned - test).mean()


def error_of_autoencoder(n_components, train, test, **params):
    autoencoder = MLPAutoencoder(n_components, random_state=0, **params)
    return autoencoder.fit(train).reconstruction_error(test).mean()


def draw(train, test, n_components=8, n_images=8):
    """Images, and what comes back of them: a row for each way."""
    pca = PCA(n_components).fit(train)
    settings = {"hidden_layer_sizes": (100, 50), "estimator": IN_ONE_UNIT}
    network = MLPAutoencoder(n_components, random_state=0, **settings).fit(train)
    rows = {"image": test}
    for name, model in ("PCA", pca), ("autoencoder", network):
        rows[name] = model.inverse_transform(model.transform(test))
    figure, axes = plt.subplots(len(rows), n_images, figsize=(6.4, 2.8))
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, images, strict=False):
            ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=test.max())
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    figure.suptitle(f"64 pixels from {n_components} numbers")


def main():
    images = load_digits().data
    images = images / np.sqrt(images.var(axis=0).mean())
    data = train_test_split(images, random_state=0)
    settings = {
        "linear": {"estimator": IN_ONE_UNIT},
        "default": {"hidden_layer_sizes": (100, 50)},
        "in one unit": {"hidden_layer_sizes": (100, 50), "estimator": IN_ONE_UNIT},
    }

    print("Mean squared error on held-out digits, as a share of their variance")
    print(
        f"{'dimensions':>10}{'PCA':>14}" + "".join(f"{name:>14}" for name in settings)
    )
    for n_components in (2, 8, 16):
        errors = [error_of_pca(n_components, *data)]
        for params in settings.values():
            errors.append(error_of_autoencoder(n_components, *data, **params))
        print(f"{n_components:10}" + "".join(f"{error:14.3f}" for error in errors))
    draw(*data)
    plt.show()


if __name__ == "__main__":
    main()
